// Deletes images that are too old, and lets variants expire that nobody reads: by the rules of each account,
// in small steps.
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/clock.h"
#include "catalog/retention.h"
#include "service/blob_reservation.h"
#include "service/job_watch.h"
#include "telemetry/metrics.h"
#include "worker/duties/duty.h"

namespace safelight {

/// Everything referred to outlives the duty.
struct RetentionParts {
    const Clock& clock;
    Retention* retention;  // null: nothing is let go of
    BlobParts blobs;
    JobWatch& watch;
    telemetry::Metrics& metrics;
};

struct RetentionCounts {
    std::uint64_t deleted_images = 0;
    std::uint64_t expired_variants = 0;
};

/// Any thread may call. Any number of processes may run one.
class RetentionDuty {
  public:
    RetentionDuty(const RetentionParts& parts, const RetentionLook& look);

    void start() { duty_.start(); }
    void stop() { duty_.stop(); }

    /// Until no account is due, or the catalog fails.
    RetentionCounts run(const std::stop_token& stop);

  private:
    void announce(const RetentionStep& step);

    const RetentionParts parts_;
    const RetentionLook look_;
    Duty duty_;  // last: ends before the rest goes
};

}  // namespace safelight
