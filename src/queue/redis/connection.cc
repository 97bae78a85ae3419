#include "queue/redis/connection.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

namespace safelight::redis {
namespace {

timeval time_until(TimePoint deadline, Milliseconds max) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now());
    // Nothing at all would mean no limit to hiredis.
    const auto bounded = std::clamp(left, Milliseconds{1}, max);
    return {.tv_sec = bounded.count() / 1'000,
            .tv_usec = static_cast<suseconds_t>(bounded.count() % 1'000 * 1'000)};
}

int poll_timeout(TimePoint deadline) {
    constexpr Milliseconds longest = std::chrono::hours(1);
    const auto left = std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now());
    return static_cast<int>(std::clamp(left, Milliseconds{0}, longest).count());
}

std::string name_of_error(int number) {
    std::array<char, 128> buffer{};
    return ::strerror_r(number, buffer.data(), buffer.size());
}

/// Names of connections hold no blanks.
std::string client_name(const std::string& name) {
    std::string cleaned = name;
    for (char& c : cleaned)
        if (c < '!' || c > '~') c = '_';
    return cleaned;
}

}  // namespace

Command::Command(std::span<const std::string_view> words) : wire_(fmt::format("*{}\r\n", words.size())) {
    for (const std::string_view word : words) {
        wire_ += fmt::format("${}\r\n", word.size());
        wire_ += word;
        wire_ += "\r\n";
    }
}

void Connection::FreeContext::operator()(redisContext* context) const {
    ::redisFree(context);
}

Connection::~Connection() = default;

Outcome<std::unique_ptr<Connection>> Connection::open(const RedisQueueConfig& config, const std::string& name,
                                                      TimePoint deadline) {
    redisContext* context = ::redisConnectWithTimeout(config.host.c_str(), config.port,
                                                      time_until(deadline, config.connect_timeout));
    if (context == nullptr) throw std::bad_alloc();
    std::unique_ptr<Connection> connection(new Connection(context));
    if (context->err != 0)
        return failed(Trouble::unreachable, fmt::format("no connection to Redis at {}:{}: {}", config.host,
                                                        config.port, context->errstr));
    ::redisEnableKeepAlive(context);
    if (auto done = connection->log_in(config, name, deadline); !done)
        return std::unexpected(std::move(done).error());
    return connection;
}

Outcome<void> Connection::log_in(const RedisQueueConfig& config, const std::string& name,
                                 TimePoint deadline) {
    // All at once: what comes after a login that is refused is refused too.
    std::vector<Command> commands{{"SELECT", std::to_string(config.database)},
                                  {"CLIENT", "ID"},
                                  {"CLIENT", "SETNAME", client_name(name)}};
    const bool has_login = !config.password.empty();
    if (has_login)
        commands.insert(commands.begin(), config.user.empty()
                                              ? Command{"AUTH", config.password}
                                              : Command{"AUTH", config.user, config.password});
    const auto replies = run(commands, deadline);
    if (!replies) return std::unexpected(replies.error());
    if (const ReplyView login = replies->front().view(); has_login && login.is_error())
        return std::unexpected(failure_of_login(login.text()));
    const std::size_t rest = has_login ? 1 : 0;
    if (const ReplyView selected = (*replies)[rest].view(); selected.is_error())
        return std::unexpected(failure_of_reply(selected.text()));
    // A user who may not ask for these does without a name, and without being woken.
    client_id_ = (*replies)[rest + 1].view().integer().value_or(0);
    return {};
}

Outcome<std::vector<Reply>> Connection::run(std::span<const Command> commands, TimePoint deadline) {
    std::string wire;
    for (const Command& command : commands) wire += command.wire();
    if (auto sent = send(wire, deadline); !sent) return std::unexpected(std::move(sent).error());
    std::vector<Reply> replies;
    while (replies.size() < commands.size()) {
        auto received = receive(deadline);
        if (!received) return std::unexpected(std::move(received).error());
        std::optional<Reply>& reply = *received;
        if (reply) replies.push_back(std::move(*reply));
    }
    return replies;
}

Outcome<Reply> Connection::run(const Command& command, TimePoint deadline) {
    auto replies = run(std::span(&command, 1), deadline);
    if (!replies) return std::unexpected(std::move(replies).error());
    if (const ReplyView reply = replies->front().view(); reply.is_error())
        return std::unexpected(failure_of_reply(reply.text()));
    return std::move(replies->front());
}

Outcome<void> Connection::send(std::string_view wire, TimePoint deadline) {
    while (!wire.empty()) {
        const ssize_t sent = ::send(context_->fd, wire.data(), wire.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            wire.remove_prefix(static_cast<std::size_t>(sent));
        } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return broken(Trouble::lost, "the connection to Redis is lost: " + name_of_error(errno));
        } else {
            const auto ready = wait(POLLOUT, deadline, -1);
            if (!ready) return std::unexpected(ready.error());
        }
    }
    return {};
}

Outcome<std::optional<Reply>> Connection::receive(TimePoint deadline, int wake_descriptor) {
    while (true) {
        auto reply = parse();
        if (!reply || *reply) return reply;
        const auto ready = wait(POLLIN, deadline, wake_descriptor);
        if (!ready) return std::unexpected(ready.error());
        if (*ready == Readiness::woken) return std::nullopt;
        if (auto fed = feed(); !fed) return std::unexpected(std::move(fed).error());
    }
}

Outcome<Connection::Readiness> Connection::wait(short events, TimePoint deadline, int wake_descriptor) {
    while (true) {
        std::array<pollfd, 2> watched{{{.fd = context_->fd, .events = events, .revents = 0},
                                       {.fd = wake_descriptor, .events = POLLIN, .revents = 0}}};
        const int count = ::poll(watched.data(), watched.size(), poll_timeout(deadline));
        if (count < 0 && errno != EINTR)
            return broken(Trouble::lost, "waiting for Redis failed: " + name_of_error(errno));
        // An answer that is there goes first: it may hold a hint.
        if (count > 0 && watched[0].revents != 0) return Readiness::ready;
        if (count > 0) return Readiness::woken;
        if (SteadyClock::now() >= deadline)
            return broken(Trouble::timed_out, "Redis takes the connection, but did not answer in time");
    }
}

Outcome<std::optional<Reply>> Connection::parse() {
    void* parsed = nullptr;
    if (::redisReaderGetReply(context_->reader, &parsed) != REDIS_OK)
        return broken(Trouble::nonsense,
                      fmt::format("what answers does not speak as Redis does: {}", context_->reader->errstr));
    if (parsed == nullptr) return std::nullopt;
    Reply reply(static_cast<redisReply*>(parsed));
    if (reply.view().is_error() && ends_connection(failure_of_reply(reply.view().text()).trouble))
        usable_ = false;
    return reply;
}

Outcome<void> Connection::feed() {
    std::array<char, 16 * 1'024> buffer;
    const ssize_t got = ::recv(context_->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got < 0) return broken(Trouble::lost, "the connection to Redis is lost: " + name_of_error(errno));
    if (got == 0) return broken(Trouble::lost, "Redis closed the connection");
    if (::redisReaderFeed(context_->reader, buffer.data(), static_cast<std::size_t>(got)) != REDIS_OK)
        return broken(Trouble::nonsense,
                      fmt::format("Redis' answer was not taken: {}", context_->reader->errstr));
    return {};
}

bool Connection::is_usable() const {
    if (!usable_) return false;
    pollfd watched{.fd = context_->fd, .events = POLLIN, .revents = 0};
    return ::poll(&watched, 1, 0) == 0;
}

std::unexpected<Failure> Connection::broken(Trouble trouble, std::string log_text) {
    usable_ = false;
    return failed(trouble, std::move(log_text));
}

}  // namespace safelight::redis
