// A queue that may go away, and one that takes over while it is.
#pragma once

#include <memory>

#include "base/clock.h"
#include "queue/job_queue.h"

namespace safelight {

/// How long a receiver waits at one queue before it looks at the other, while the first is in trouble.
inline constexpr Milliseconds fallback_turn{1'000};

/// Hints go to `first` and come from it. While it does not answer, and while it takes no hints, receivers
/// also ask `spare`, which has to know by itself of jobs that wait (as the catalog does): work goes on
/// without `first`. Then a job may be delivered by both, which is harmless. publish, depth and check are
/// those of `first`.
[[nodiscard]] std::unique_ptr<JobQueue> make_fallback_queue(std::unique_ptr<JobQueue> first,
                                                            std::unique_ptr<JobQueue> spare);

}  // namespace safelight
