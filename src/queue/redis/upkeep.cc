#include "queue/redis/upkeep.h"

#include <algorithm>
#include <utility>

namespace safelight::redis {
namespace {

constexpr std::string_view from_the_start = "0-0";

}  // namespace

bool Turn::take(TimePoint now) {
    TimePoint::rep due = due_;
    if (now.time_since_epoch().count() < due) return false;
    return due_.compare_exchange_strong(due, (now + interval_).time_since_epoch().count());
}

Upkeep::Upkeep(const RedisQueueConfig& config, std::string own_name, telemetry::Logger& log)
    : config_(config),
      own_name_(std::move(own_name)),
      log_(log),
      claims_(config.claim_interval),
      sweeps_(std::max(config.consumer_idle / 4, Milliseconds{1})) {
    cursors_.fill(std::string(from_the_start));
}

Outcome<std::optional<Entry>> Upkeep::claim(Connection& connection, std::string_view consumer) {
    const TimePoint now = SteadyClock::now();
    if (!claims_.take(now)) return std::nullopt;
    for (const Lane lane : all_lanes) {
        auto entry = claim_in(lane, connection, consumer, now);
        if (!entry || *entry) return entry;
    }
    return std::nullopt;
}

Outcome<std::optional<Entry>> Upkeep::claim_in(Lane lane, Connection& connection, std::string_view consumer,
                                               TimePoint now) {
    std::string cursor;
    {
        const std::lock_guard lock(mutex_);
        cursor = cursors_[index_of(lane)];
    }
    const auto reply =
        connection.run(claim_command(config_, consumer, lane, cursor), now + config_.command_timeout);
    if (!reply) {
        // Nothing was looked at. What Redis refuses has to wait for its next turn all the same: hints are
        // read meanwhile.
        const Trouble trouble = reply.error().trouble;
        if (is_outage(trouble) || trouble == Trouble::no_group) claims_.hurry();
        return std::unexpected(reply.error());
    }
    Claimed claimed = claimed_of(reply->view(), lane);
    // Where one was there may be more.
    if (claimed.entry || claimed.cursor != from_the_start) claims_.hurry();
    const std::lock_guard lock(mutex_);
    cursors_[index_of(lane)] = std::move(claimed.cursor);
    return std::move(claimed.entry);
}

Outcome<void> Upkeep::sweep(Connection& connection) {
    const TimePoint now = SteadyClock::now();
    if (!sweeps_.take(now)) return {};
    for (const Lane lane : all_lanes) {
        auto removed = remove_dead(lane, connection, now + config_.command_timeout);
        if (removed || removed.error().trouble == Trouble::no_group) continue;
        if (is_outage(removed.error().trouble)) return removed;
        log_.warn("dead consumers of the queue stay", {{"detail", removed.error().log_text}});
    }
    return {};
}

Outcome<void> Upkeep::remove_dead(Lane lane, Connection& connection, TimePoint deadline) {
    const auto consumers = connection.run(consumers_command(config_, lane), deadline);
    if (!consumers) return std::unexpected(consumers.error());
    for (const std::string& name : dead_consumers_of(consumers->view(), config_.consumer_idle)) {
        if (name.starts_with(own_name_)) continue;
        const auto removed = connection.run(remove_consumer_command(config_, lane, name), deadline);
        if (!removed) return std::unexpected(removed.error());
        if (removed->view().integer() == 1)
            log_.info("dead consumer of the queue removed", {{"consumer", name}});
    }
    return {};
}

}  // namespace safelight::redis
