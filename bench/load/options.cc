#include "bench/load/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "base/units.h"

namespace safelight::bench {
namespace {

constexpr int made_quality = 92;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void add_server_options(CLI::App& app, Options& options) {
    app.add_option("--url", options.url, "Where pictures are posted to")->capture_default_str();
    app.add_option("--status-url", options.status_url,
                   "Where a job is asked about; {id} and other {members} come from the upload's reply "
                   "(default: URL/{id})");
    app.add_option("--field", options.field, "The form field of the picture")->capture_default_str();
    app.add_option("--variants", options.variants, "Sent as the query ?variants=…");
    app.add_option("--status-path", options.status_path, "Where the state is in that reply; dots go deeper")
        ->capture_default_str();
    app.add_option("--done", options.done, "End states of a job that went well")->capture_default_str();
    app.add_option("--failed", options.failed, "End states of a job that did not")->capture_default_str();
    app.add_option("--header", options.headers, "A field for every request, \"Name: value\"; may repeat")
        ->allow_extra_args(false);
    app.add_option("--pid", options.processes,
                   "NAME=PID or PID of the server: measures the process tree; may repeat")
        ->allow_extra_args(false);
}

void add_picture_options(CLI::App& app, Options& options) {
    auto* file = app.add_option("--file,file", options.file,
                                "The picture; only a JPEG can be made unique or be padded");
    app.add_option("--make", options.make, "Instead of a file: makes a JPEG, WIDTHxHEIGHT")
        ->capture_default_str()
        ->excludes(file);
    app.add_option("--pad", options.pad, "Comment segments make the JPEG this large, e.g. 20MB");
    app.add_flag("--same", options.is_same,
                 "The same bytes each time (default: each with a JPEG comment of its own)");
    app.add_option("--write-picture", options.write_picture,
                   "Writes the picture to a file, and does nothing else");
}

void add_load_options(CLI::App& app, Options& options) {
    auto* count = app.add_option("--count", options.count, "Uploads")
                      ->capture_default_str()
                      ->check(CLI::PositiveNumber);
    app.add_option("--clients", options.clients, "Uploads in flight at once (closed loop, keep-alive)")
        ->capture_default_str()
        ->check(CLI::Range(1, 10'000));
    app.add_option("--warm-up", options.warm_up, "Uploads before the measured ones")->capture_default_str();
    app.add_option("--timeout", options.timeout_s,
                   "Seconds without progress, or for a job, until it is given up")
        ->capture_default_str()
        ->check(CLI::Range(1, 86'400));
    app.add_flag("--hold,--concurrent-bodies", options.holds,
                 "One upload for each client; all send half of it, wait for each other, then send the rest")
        ->excludes(count);
    app.add_flag("--poll", options.polls, "Ask for a job every 20 ms, for servers without \"Prefer: wait\"");
    app.add_flag("!--no-wait", options.waits, "Do not wait until the jobs are finished");
    app.add_option("--json", options.json,
                   "Writes the result as JSON to a file; \"-\" is the standard output");
    app.add_flag("--quiet", options.is_quiet, "No table");
}

std::set<std::string> state_set(const std::string& list) {
    std::set<std::string> states;
    for (std::string_view rest = list; !rest.empty();) {
        const std::string_view state = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(state.size() + 1, rest.size()));
        states.insert(to_lower_ascii(trim(state)));
    }
    return states;
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
    Options options;
    CLI::App app("Uploads pictures to an image server, waits for their jobs, and tells how fast it was.");
    add_server_options(app, options);
    add_picture_options(app, options);
    add_load_options(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
    }
    if (options.holds) options.count = options.clients;
    return {std::move(options), 0};
}

Result<Url> upload_url(const Options& options) {
    TRY_ASSIGN(Url url, parse_url(options.url));
    if (options.variants) {
        url.target += url.target.find('?') == std::string::npos ? '?' : '&';
        url.target += "variants=" + percent_encode(*options.variants);
    }
    return url;
}

Result<HeaderFields> header_fields(const Options& options) {
    HeaderFields fields;
    for (const std::string& header : options.headers) {
        const auto colon = header.find(':');
        if (colon == 0 || colon == std::string::npos) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("--header \"{}\" is not \"Name: value\".", header));
        }
        fields.emplace_back(header.substr(0, colon), trim(std::string_view(header).substr(colon + 1)));
    }
    return fields;
}

Result<std::vector<WatchedProcess>> watched_processes(const Options& options) {
    std::vector<WatchedProcess> watched;
    for (const std::string& process : options.processes) {
        const auto equals = process.find('=');
        const auto pid_at = equals == std::string::npos ? 0 : equals + 1;
        const auto pid = parse_number<pid_t>(std::string_view(process).substr(pid_at));
        if (!pid || *pid <= 0) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("--pid \"{}\" is not NAME=PID.", process));
        }
        watched.push_back({equals == std::string::npos ? "server" : process.substr(0, equals), *pid});
    }
    return watched;
}

Result<Picture> wanted_picture(const Options& options) {
    Picture picture;
    if (options.file.empty()) {
        const std::string_view size = options.make;
        const auto cross = std::min(size.find('x'), size.size());
        const auto width_px = parse_number<int>(size.substr(0, cross));
        const auto height_px = parse_number<int>(size.substr(std::min(cross + 1, size.size())));
        constexpr int side_max_px = 65'000;
        if (!width_px || !height_px || std::min(*width_px, *height_px) < 1 ||
            std::max(*width_px, *height_px) > side_max_px) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("--make \"{}\" is not WIDTHxHEIGHT of at most {} pixels.", size, side_max_px));
        }
        picture = make_picture(*width_px, *height_px, made_quality);
    } else {
        TRY_ASSIGN(picture, read_picture(options.file));
    }
    if (options.pad.empty()) return picture;
    const auto bytes_wanted = parse_bytes(options.pad);
    if (!bytes_wanted) {
        return failure(ErrorCode::invalid_argument, fmt::format("--pad \"{}\" is not a size.", options.pad));
    }
    TRY_ASSIGN(picture.bytes, pad_jpeg(picture.bytes, *bytes_wanted));
    return picture;
}

Result<FollowPlan> follow_plan(const Options& options) {
    TRY_ASSIGN(HeaderFields fields, header_fields(options));
    FollowPlan plan{.status_url = options.status_url,
                    .status_path = options.status_path,
                    .done = state_set(options.done),
                    .failed = state_set(options.failed),
                    .headers = std::move(fields),
                    .polls = options.polls,
                    .timeout = std::chrono::seconds(options.timeout_s)};
    if (plan.status_url.empty()) plan.status_url = options.url.substr(0, options.url.find('?')) + "/{id}";
    return plan;
}

}  // namespace safelight::bench
