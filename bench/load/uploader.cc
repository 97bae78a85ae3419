#include "bench/load/uploader.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace safelight::bench {
namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
constexpr std::size_t error_text_bytes_max = 200;

}  // namespace

struct Uploader::Client {
    Connection connection;
    std::string comment;
    Clock::time_point started_at;
    std::uint32_t events = 0;  // what epoll watches for; 0: it does not know the connection yet
    bool is_active = false;
};

Uploader::Uploader(const Url& url, UploadRequest& request, std::size_t clients, std::chrono::seconds timeout)
    : url_(url), request_(request), timeout_(timeout), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    for (std::size_t i = 0; i < clients; ++i) clients_.push_back(std::make_unique<Client>());
}

Uploader::~Uploader() {
    ::close(epoll_);
}

Result<UploadOutcome> Uploader::run(std::size_t count) {
    outcome_ = {};
    waiting_ = count;
    outcome_.started_at = Clock::now();
    for (const auto& client : clients_) start_next(*client, no_limit);
    TRY(serve_until([this] { return is_idle(); }, timeout_));
    outcome_.ended_at = Clock::now();
    return std::move(outcome_);
}

Result<UploadOutcome> Uploader::run_held(const HoldPlan& plan) {
    outcome_ = {};
    waiting_ = clients_.size();
    outcome_.started_at = Clock::now();
    for (const auto& client : clients_) start_next(*client, request_.half_bytes());
    // Past the time they go on without the missing; `held` tells how many there were.
    const Status all_held = serve_until([this] { return are_all_held(); }, plan.timeout);
    outcome_.held = static_cast<std::size_t>(std::ranges::count_if(
        clients_, [](const auto& client) { return client->is_active && client->connection.is_held(); }));
    if (!all_held && outcome_.first_error.empty())
        outcome_.first_error = "not all uploads came to their half in time";
    plan.when_all_are_held();
    for (const auto& client : clients_) {
        client->connection.release();
        if (client->is_active) advance(*client);
    }
    TRY(serve_until([this] { return is_idle(); }, timeout_));
    outcome_.ended_at = Clock::now();
    return std::move(outcome_);
}

void Uploader::start_next(Client& client, std::size_t send_limit_bytes) {
    while (waiting_ > 0 && !client.is_active) {
        --waiting_;
        client.comment = request_.next_comment();
        client.started_at = Clock::now();
        const Result<bool> is_new = client.connection.ensure_open(url_);
        if (!is_new) {
            fail(is_new.error().public_text);
            continue;
        }
        if (*is_new) client.events = 0;
        client.connection.begin(request_.pieces(client.comment), send_limit_bytes);
        client.is_active = true;
        ++active_;
        // It is sent when its turn comes: a client whose answers come fast must not keep the others from
        // starting.
        watch(client, Connection::Progress::needs_write);
    }
}

void Uploader::advance(Client& client) {
    const Connection::Progress progress = client.connection.advance();
    if (progress == Connection::Progress::answered || progress == Connection::Progress::broken) {
        finish(client, progress);
        start_next(client, no_limit);
        return;
    }
    watch(client, progress);
}

void Uploader::watch(Client& client, Connection::Progress progress) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (progress == Connection::Progress::needs_write) event.events |= EPOLLOUT;
    event.data.ptr = &client;
    if (client.events == event.events) return;
    ::epoll_ctl(epoll_, client.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, client.connection.descriptor(),
                &event);
    client.events = event.events;
}

void Uploader::finish(Client& client, Connection::Progress progress) {
    client.is_active = false;
    --active_;
    if (progress == Connection::Progress::broken) {
        fail(client.connection.error());
        return;
    }
    const auto time = Clock::now() - client.started_at;
    outcome_.latencies_ms.push_back(std::chrono::duration<double, std::milli>(time).count());
    const ResponseReader& response = client.connection.response();
    if (response.status() >= 200 && response.status() < 300) {
        outcome_.replies.push_back(response.body());
    } else {
        fail(fmt::format("{} {}", response.status(), response.body().substr(0, error_text_bytes_max)));
    }
}

void Uploader::fail(std::string why) {
    ++outcome_.errors;
    if (outcome_.first_error.empty()) outcome_.first_error = std::move(why);
}

Status Uploader::serve_until(const std::function<bool()>& is_done, std::chrono::seconds timeout) {
    std::array<epoll_event, 64> events;
    const auto timeout_ms = static_cast<int>(std::chrono::milliseconds(timeout).count());
    while (!is_done()) {
        const int count = ::epoll_wait(epoll_, events.data(), events.size(), timeout_ms);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            return failure(ErrorCode::timeout,
                           fmt::format("No upload made progress for {} s.", timeout.count()));
        }
        for (int i = 0; i < count; ++i) {
            auto& client = *static_cast<Client*>(events.at(static_cast<std::size_t>(i)).data.ptr);
            if (client.is_active) {
                advance(client);
            } else {
                // Between two requests nothing but the end of the connection can come.
                client.connection.close();
            }
        }
    }
    return {};
}

bool Uploader::are_all_held() const {
    return std::ranges::all_of(
        clients_, [](const auto& client) { return !client->is_active || client->connection.is_held(); });
}

}  // namespace safelight::bench
