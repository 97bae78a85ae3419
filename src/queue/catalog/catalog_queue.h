// The catalog itself as the queue: nothing is stored here but hints for the receivers of this process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "queue/job_queue.h"

namespace safelight {

struct CatalogQueueConfig {
    std::uint32_t hints_max =
        10'000;  // that wait at once in a lane; past it they are dropped, and the catalog is asked later
    Milliseconds poll_interval{
        1'000};  // how often the catalog is asked for jobs that another process published

    [[nodiscard]] Status validate() const;
};

/// Jobs that could be worked on now, at most `limit` of each lane, best first; from the catalog. Called by
/// receivers, one at a time, on their threads; may block. A job may be named again for as long as it has not
/// been claimed.
using PendingJobs = std::function<Result<std::vector<WaitingJob>>(std::uint32_t limit)>;

/// A published hint is received at once within this process; an id that is waiting already is not queued
/// twice, but moves to a more urgent lane. When no hint is waiting, a receiver asks `pending`: at most once
/// in poll_interval, and without that delay only after hints were dropped, or when the last answer was as
/// long as it may be. When none is waiting but in the overflow it asks as well, by poll_interval alone. An
/// error of `pending` is what that receiver gets; the next question is poll_interval away.
///
/// Acknowledging does nothing: the claim in the catalog is what counts. `pending` must stay callable for the
/// queue's life. `config` must be valid.
[[nodiscard]] std::unique_ptr<JobQueue> make_catalog_queue(const CatalogQueueConfig& config,
                                                           PendingJobs pending);

}  // namespace safelight
