// Keeps callers away from a Redis that does not answer: after a failure all calls fail at once, but for one
// at a time that tries whether it is back, after pauses that grow.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"

namespace safelight::redis {

using SteadyClock = std::chrono::steady_clock;  // waiting is measured, not dated: a wall clock may jump
using TimePoint = SteadyClock::time_point;

/// `min` doubled with each failure after the first, at most `max`; of that a half to the whole, as `fraction`
/// (0 to 1) says, so that the processes of a service do not come back in step.
[[nodiscard]] Milliseconds backoff_delay(std::uint32_t failures, Milliseconds min, Milliseconds max,
                                         double fraction);

/// Any thread may call.
class Gate {
  public:
    /// `trial_time`: how long one trial may take, until the next caller is let in.
    Gate(Milliseconds backoff_min, Milliseconds backoff_max, Milliseconds trial_time)
        : backoff_min_(backoff_min), backoff_max_(backoff_max), trial_time_(trial_time) {}

    /// A pass, to be handed to `failed`; empty: too early. Never blocks.
    [[nodiscard]] std::optional<std::uint64_t> enter(TimePoint now);
    /// The same, but waits: until a pass is to be had, `deadline`, or a stop. Asks at least once.
    [[nodiscard]] std::optional<std::uint64_t> wait(TimePoint deadline, const std::stop_token& stop);

    /// True when this opened the gate.
    bool succeeded();
    /// True when this closed the gate. Of all that went in together and fail only the first counts.
    bool failed(std::uint64_t pass, TimePoint now, std::string reason);

    /// Of the last failure that counted.
    [[nodiscard]] std::string reason() const;

  private:
    /// Needs the lock.
    [[nodiscard]] std::optional<std::uint64_t> enter_locked(TimePoint now);

    const Milliseconds backoff_min_;
    const Milliseconds backoff_max_;
    const Milliseconds trial_time_;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint32_t failures_ = 0;  // guarded by mutex_; 0: open
    std::uint64_t pass_ = 0;      // guarded by mutex_; grows with each failure that counts
    TimePoint retry_at_{};        // guarded by mutex_; while closed: when the next caller is let in
    std::string reason_;          // guarded by mutex_
};

}  // namespace safelight::redis
