// What one receiver does for all from time to time: it takes over what dead consumers hold, and removes those
// that hold nothing.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "queue/redis/connection.h"
#include "queue/redis/failure.h"
#include "queue/redis/gate.h"
#include "queue/redis/redis_config.h"
#include "queue/redis/stream.h"
#include "telemetry/log.h"

namespace safelight::redis {

/// Comes round once in an interval, for one thread; the first time at once. Any thread may call.
class Turn {
  public:
    explicit Turn(Milliseconds interval) : interval_(interval) {}

    /// True for the one caller whose turn it is.
    [[nodiscard]] bool take(TimePoint now);
    /// The next turn is now.
    void hurry() { due_ = 0; }
    [[nodiscard]] TimePoint due() const { return TimePoint(TimePoint::duration(due_.load())); }

  private:
    const Milliseconds interval_;
    std::atomic<TimePoint::rep> due_ = 0;
};

/// Any thread may call, each with a connection of its own.
class Upkeep {
  public:
    /// All must outlive this object. Consumers whose names begin with `own_name` are this process' own.
    Upkeep(const RedisQueueConfig& config, std::string own_name, telemetry::Logger& log);

    /// An entry that was taken over for `consumer`; empty when there is none, or it is not the time.
    [[nodiscard]] Outcome<std::optional<Entry>> claim(Connection& connection, std::string_view consumer);
    /// Removes dead consumers when it is the time. Fails only with outages: what Redis refuses is logged.
    [[nodiscard]] Outcome<void> sweep(Connection& connection);

    [[nodiscard]] TimePoint next_claim() const { return claims_.due(); }

  private:
    [[nodiscard]] Outcome<std::optional<Entry>> claim_in(Lane lane, Connection& connection,
                                                         std::string_view consumer, TimePoint now);
    [[nodiscard]] Outcome<void> remove_dead(Lane lane, Connection& connection, TimePoint deadline);

    const RedisQueueConfig& config_;
    const std::string own_name_;
    telemetry::Logger& log_;
    Turn claims_;
    Turn sweeps_;
    std::mutex mutex_;
    /// Guarded by mutex_; where the next look into each lane begins.
    std::array<std::string, all_lanes.size()> cursors_;
};

}  // namespace safelight::redis
