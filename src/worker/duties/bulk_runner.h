// Carries out bulk operations, page by page: many jobs tried again, or deleted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "base/clock.h"
#include "catalog/bulk_operations.h"
#include "queue/job_queue.h"
#include "service/blob_reservation.h"
#include "service/job_watch.h"
#include "telemetry/metrics.h"
#include "worker/duties/duty.h"

namespace safelight {

struct BulkConfig {
    Milliseconds interval{5'000};  // between looks for what other processes were asked for
    Milliseconds lease{30'000};
    std::uint32_t tries_max = 3;         // as the workers'
    std::uint64_t backlog_max = 50'000;  // jobs that wait; past it none are tried again for a while
};

/// Everything referred to outlives the runner.
struct BulkParts {
    const Clock& clock;
    BulkOperations& operations;
    JobClaims& claims;
    BlobParts blobs;
    JobQueue& queue;
    JobWatch& watch;
    telemetry::Metrics& metrics;
};

/// Any thread may call. Any number of processes may run one.
class BulkRunner {
  public:
    BulkRunner(const BulkParts& parts, const BulkConfig& config);

    void start() { duty_.start(); }
    void stop() { duty_.stop(); }

    /// Until nothing is due, or the catalog fails. When it is stopped it ends after a page, and whoever comes
    /// next goes on from there. Returns how many pages were done.
    std::size_t run(const std::stop_token& stop);

  private:
    [[nodiscard]] std::size_t carry_out(const BulkClaim& claim, const std::stop_token& stop);
    [[nodiscard]] bool must_wait(const BulkClaim& claim);
    void announce(BulkKind kind, const BulkStep& step);
    void give_back(const BulkClaim& claim, Milliseconds pause);
    void forget_old_ones();
    void log_failure(const Error& error);

    const BulkParts parts_;
    const BulkConfig config_;
    Timestamp forgotten_at_{};  // of the duty's thread
    Duty duty_;                 // last: ends before the rest goes
};

}  // namespace safelight
