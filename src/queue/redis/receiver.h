// One consumer of the group: a connection of its own that waits for entries.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "queue/job_queue.h"
#include "queue/lane_turns.h"
#include "queue/redis/callers.h"
#include "queue/redis/connection.h"
#include "queue/redis/upkeep.h"
#include "queue/redis/wake_up.h"
#include "telemetry/log.h"

namespace safelight::redis {

/// One thread at a time.
class Receiver {
  public:
    /// What every receiver of a queue shares; must outlive it.
    struct Parts {
        const RedisQueueConfig& config;
        Link& link;
        Callers& callers;
        Upkeep& upkeep;
        LaneTurns& turns;
        telemetry::Logger& log;
    };

    Receiver(const Parts& parts, std::string consumer) : parts_(parts), consumer_(std::move(consumer)) {}

    /// As JobQueue::receive. While Redis is away it waits, up to `deadline`, until it may be tried again, and
    /// then fails when it is still away.
    [[nodiscard]] Outcome<std::optional<Delivery>> receive(TimePoint deadline, const std::stop_token& stop);

  private:
    /// Makes the group where it is missing, and a connection in place of a dead one.
    [[nodiscard]] Outcome<std::optional<Entry>> next_entry_mending(TimePoint deadline);
    [[nodiscard]] Outcome<std::optional<Entry>> next_entry(TimePoint deadline);
    [[nodiscard]] Outcome<std::optional<Entry>> look_for_entry();
    [[nodiscard]] Outcome<std::optional<Entry>> wait_for_entry(TimePoint deadline);
    [[nodiscard]] std::unexpected<Failure> not_redis();
    [[nodiscard]] std::vector<Entry> end_wait();
    [[nodiscard]] std::optional<Reply> unblock(TimePoint deadline);
    [[nodiscard]] Outcome<void> make_groups();
    /// A success when receiving is to be tried again.
    [[nodiscard]] Outcome<void> mend(const Failure& failure, bool was_connected);
    [[nodiscard]] std::optional<Delivery> deliver(const Entry& entry, const std::stop_token& stop);
    void give_back(const Entry& entry);

    const Parts parts_;
    const std::string consumer_;
    WakeUp wake_up_;
    std::unique_ptr<Connection> connection_;  // null: to be opened
};

}  // namespace safelight::redis
