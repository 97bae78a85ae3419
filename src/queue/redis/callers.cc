#include "queue/redis/callers.h"

#include <utility>

namespace safelight::redis {
namespace {

constexpr std::size_t idle_max = 8;  // more come and go with a burst

}  // namespace

Link::Link(const RedisQueueConfig& config, telemetry::Logger& log)
    : log_(log),
      address_(config.shown()),
      gate_(config.backoff_min, config.backoff_max, config.command_timeout),
      reading_gate_(config.backoff_min, config.backoff_max, config.command_timeout) {}

void Link::answered() {
    if (gate_.succeeded()) log_.info("redis answers again", {{"queue", address_}});
}

void Link::failed(std::uint64_t pass, const Failure& failure) {
    if (!is_outage(failure.trouble)) return answered();
    if (gate_.failed(pass, SteadyClock::now(), failure.log_text))
        log_.warn("redis is away", {{"queue", address_}, {"detail", failure.log_text}});
}

Failure Link::away() const {
    std::string reason = gate_.reason();
    if (reason.empty()) reason = reading_gate_.reason();
    if (reason.empty()) return {Trouble::unreachable, "Redis is being tried again"};
    return {Trouble::unreachable, "not tried again yet: " + reason};
}

Outcome<std::vector<Reply>> Callers::run(std::span<const Command> commands) {
    const auto pass = link_.gate().enter(SteadyClock::now());
    if (!pass) return std::unexpected(link_.away());
    auto replies = try_run(commands);
    if (!replies) {
        link_.failed(*pass, replies.error());
        return replies;
    }
    // A server that is loading, or wants a password, answers and is of no use to anybody.
    for (const Reply& reply : *replies) {
        if (!reply.view().is_error()) continue;
        if (const Failure failure = failure_of_reply(reply.view().text()); is_outage(failure.trouble)) {
            link_.failed(*pass, failure);
            return std::unexpected(failure);
        }
    }
    link_.answered();
    return replies;
}

Outcome<void> Callers::run_all(std::span<const Command> commands) {
    const auto replies = run(commands);
    if (!replies) return std::unexpected(replies.error());
    // Of a transaction the reason comes before its end, which only says that there was one.
    for (const Reply& reply : *replies) {
        if (reply.view().is_error()) return std::unexpected(failure_of_reply(reply.view().text()));
        for (std::size_t i = 0; i < reply.view().size(); ++i) {
            if (const ReplyView part = reply.view()[i]; part.is_error())
                return std::unexpected(failure_of_reply(part.text()));
        }
    }
    return {};
}

Outcome<Reply> Callers::run(const Command& command) {
    auto replies = run(std::span(&command, 1));
    if (!replies) return std::unexpected(std::move(replies).error());
    if (const ReplyView reply = replies->front().view(); reply.is_error())
        return std::unexpected(failure_of_reply(reply.text()));
    return std::move(replies->front());
}

Outcome<std::vector<Reply>> Callers::try_run(std::span<const Command> commands) {
    const TimePoint deadline = SteadyClock::now() + config_.command_timeout;
    if (auto connection = take_idle()) {
        auto replies = connection->run(commands, deadline);
        if (replies) keep(std::move(connection));
        if (replies || replies.error().trouble != Trouble::lost) return replies;
        // What was idle as long is most likely dead as well: a Redis that was restarted is no outage.
        drop_idle();
    }
    auto opened = Connection::open(config_, name_, deadline);
    if (!opened) return std::unexpected(std::move(opened).error());
    auto replies = (*opened)->run(commands, deadline);
    if (replies) keep(std::move(*opened));
    return replies;
}

std::unique_ptr<Connection> Callers::take_idle() {
    while (true) {
        std::unique_ptr<Connection> connection;
        {
            const std::lock_guard lock(mutex_);
            if (idle_.empty()) return nullptr;
            connection = std::move(idle_.back());
            idle_.pop_back();
        }
        if (connection->is_usable()) return connection;
    }
}

void Callers::keep(std::unique_ptr<Connection> connection) {
    if (!connection->is_usable()) return;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < idle_max) idle_.push_back(std::move(connection));
}

void Callers::drop_idle() {
    std::vector<std::unique_ptr<Connection>> dropped;
    const std::lock_guard lock(mutex_);
    dropped.swap(idle_);
}

}  // namespace safelight::redis
