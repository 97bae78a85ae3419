// Publishes again what nobody claimed: lost hints, leases that ran out, retries that fell due.
#pragma once

#include <functional>
#include <mutex>
#include <queue>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "queue/job_queue.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "worker/duties/duty.h"

namespace safelight {

struct RescuerParts {
    const Clock& clock;
    JobClaims& claims;
    JobQueue& queue;
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
};

/// Any thread may call.
class Rescuer {
  public:
    Rescuer(const RescuerParts& parts, Milliseconds interval);

    void start() { duty_.start(); }
    void stop() { duty_.stop(); }

    /// A job will be claimable at `due`: it is published then, not only at the next interval.
    void note_due(Timestamp due);

    /// One round; returns how long to wait until the next.
    Milliseconds rescue();

  private:
    void publish_claimable(Timestamp now);
    [[nodiscard]] Milliseconds until_next();

    const RescuerParts parts_;
    const Milliseconds interval_;
    std::mutex mutex_;
    /// Earliest first; guarded by mutex_. Those of other processes come with the interval.
    std::priority_queue<Timestamp, std::vector<Timestamp>, std::greater<>> due_;
    Duty duty_;  // last: ends before the rest goes
};

}  // namespace safelight
