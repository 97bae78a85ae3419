// Hints that a job may be ready to be worked on. The catalog owns the truth: losing, repeating or reordering
// messages is harmless, because a worker claims the job there first. Hints go through lanes: those of an
// urgent one are received first, mostly (LaneTurns); within a lane they come in the order in which they were
// published, as far as a backend can tell.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/lane.h"
#include "base/result.h"

namespace safelight {

using LaneDepths = std::array<std::uint64_t, all_lanes.size()>;

/// One delivered hint.
struct Delivery {
    JobId job_id;
    Lane lane = Lane::normal;  // the one that it came through
    std::string receipt;       // opaque; for acknowledge
};

/// Any thread may call, concurrently.
class JobQueue {
  public:
    virtual ~JobQueue() = default;

    /// Errors: unavailable. A caller may ignore them: the rescuer publishes again.
    [[nodiscard]] virtual Status publish(const WaitingJob& job) = 0;

    /// Waits until there is a hint, `timeout` has passed, or a stop is asked for (both: empty). Blocks.
    /// Errors: unavailable.
    [[nodiscard]] virtual Result<std::optional<Delivery>> receive(Milliseconds timeout,
                                                                  const std::stop_token& stop) = 0;

    /// The hint was dealt with, whatever came of it. Idempotent. Errors: unavailable.
    [[nodiscard]] virtual Status acknowledge(const Delivery& delivery) = 0;

    /// Hints that wait for a receiver in each lane, as far as this queue knows.
    [[nodiscard]] virtual Result<LaneDepths> depths() = 0;
    /// In all of them.
    [[nodiscard]] Result<std::uint64_t> depth();

    /// Whether the queue answers; for readiness. Errors: unavailable.
    [[nodiscard]] virtual Status check() = 0;
};

}  // namespace safelight
