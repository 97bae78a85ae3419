#include "bench/load/job_follower.h"

#include <fmt/format.h>
#include <poll.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <thread>

#include "base/text.h"

namespace safelight::bench {
namespace {

constexpr std::chrono::milliseconds poll_interval{20};
constexpr int wait_s = 10;
/// Longer than the server may hold its answer.
constexpr std::chrono::milliseconds answer_timeout{(wait_s + 20) * 1'000};

Result<boost::json::value> parse_json(const std::string& text) {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(text, error);
    if (!error) return value;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("The server's answer is no JSON: {}", text.substr(0, 200)));
}

}  // namespace

Result<std::string> member_text(const boost::json::value& value, std::string_view path) {
    const boost::json::value* member = &value;
    for (std::string_view rest = path; member != nullptr && !rest.empty();) {
        const std::string_view name = rest.substr(0, rest.find('.'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        member = member->is_object() ? member->get_object().if_contains(name) : nullptr;
    }
    if (member == nullptr || member->is_object() || member->is_array() || member->is_null()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("There is no \"{}\" in the server's answer: {}", path,
                                   boost::json::serialize(value)));
    }
    if (member->is_string()) return std::string(member->get_string());
    return boost::json::serialize(*member);
}

Result<std::string> expand(std::string_view url_template, const boost::json::value& reply) {
    std::string expanded;
    for (;;) {
        const auto open = url_template.find('{');
        const auto close = url_template.find('}', std::min(open, url_template.size()));
        expanded += url_template.substr(0, open);
        if (open == std::string_view::npos || close == std::string_view::npos) return expanded;
        TRY_ASSIGN(const std::string text,
                   member_text(reply, url_template.substr(open + 1, close - open - 1)));
        expanded += percent_encode(text);
        url_template.remove_prefix(close + 1);
    }
}

Result<JobEnd> JobFollower::wait_for(const std::string& reply) {
    TRY_ASSIGN(const boost::json::value job, parse_json(reply));
    TRY_ASSIGN(const std::string address, expand(plan_.status_url, job));
    TRY_ASSIGN(const Url url, parse_url(address));
    const auto started_at = Clock::now();
    JobEnd end;
    for (;;) {
        const auto asked_at = Clock::now();
        // The first question is not to be held back: its answer tells whether the job had finished before.
        TRY_ASSIGN(const std::string state, ask_state(url, end.was_waited_for && !plan_.polls));
        end.seen_at = Clock::now();
        end.is_failed = plan_.failed.contains(state);
        if (end.is_failed || plan_.done.contains(state)) return end;
        if (end.seen_at - started_at > plan_.timeout) {
            return failure(ErrorCode::timeout,
                           fmt::format("{} is {} after {} s.", url.target, state, plan_.timeout.count()));
        }
        // A server that knows no `Prefer: wait` answers at once: it is not to be flooded with questions.
        if (end.was_waited_for || plan_.polls) std::this_thread::sleep_until(asked_at + poll_interval);
        end.was_waited_for = true;
    }
}

Result<std::string> JobFollower::ask_state(const Url& url, bool may_be_held) {
    std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n", url.target, url.authority());
    for (const auto& [name, value] : plan_.headers) request += fmt::format("{}: {}\r\n", name, value);
    if (may_be_held) request += fmt::format("Prefer: wait={}\r\n", wait_s);
    request += "\r\n";
    TRY_ASSIGN(const std::string text, exchange(url, request));
    TRY_ASSIGN(const boost::json::value job, parse_json(text));
    TRY_ASSIGN(const std::string state, member_text(job, plan_.status_path));
    return to_lower_ascii(state);
}

Result<std::string> JobFollower::exchange(const Url& url, const std::string& request) {
    TRY(connection_.ensure_open(url));
    connection_.begin({request});
    for (;;) {
        const Connection::Progress progress = connection_.advance();
        if (progress == Connection::Progress::broken)
            return failure(ErrorCode::unavailable, connection_.error());
        if (progress == Connection::Progress::answered) break;
        const bool needs_write = progress == Connection::Progress::needs_write;
        pollfd wanted{connection_.descriptor(), static_cast<short>(needs_write ? POLLIN | POLLOUT : POLLIN),
                      0};
        const int count = ::poll(&wanted, 1, static_cast<int>(answer_timeout.count()));
        if (count == 0) return failure(ErrorCode::timeout, fmt::format("No answer to GET {}", url.target));
        if (count < 0 && errno != EINTR) return failure(ErrorCode::unavailable, "poll");
    }
    const ResponseReader& response = connection_.response();
    if (response.status() == 200) return response.body();
    return failure(ErrorCode::invalid_argument, fmt::format("GET {}: {} {}", url.target, response.status(),
                                                            response.body().substr(0, 200)));
}

}  // namespace safelight::bench
