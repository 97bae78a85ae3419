// One attempt at making a ready variant again: claim, read, render, store, put in the old one's place.
#pragma once

#include <atomic>
#include <string_view>

#include "catalog/rerenders.h"
#include "worker/job_runner.h"
#include "worker/lease_keeper.h"
#include "worker/render_slots.h"
#include "worker/retry_decision.h"
#include "worker/worker.h"

namespace safelight {

/// Work of low priority: a worker does it while no job waits. Belongs to one worker thread. What is passed in
/// outlives it.
class RerenderRunner {
  public:
    /// `maker` is the same thread's. `give_back` as for the JobRunner.
    RerenderRunner(const WorkerConfig& config, const WorkerParts& parts, LeaseKeeper& leases,
                   JobRunner& maker, const std::atomic<bool>& give_back);

    /// Makes the variant that has waited for longest, and settles the claim, whatever happens: the old
    /// content is served until the new one is committed, and stays when there is none. False when nothing
    /// waits; true also when what was looked at is left to a newer version of the program, but not yet all.
    /// Blocks. Errors: what claiming returns.
    [[nodiscard]] Result<bool> run_next(RenderSlot slot);

  private:
    /// How an attempt ended, for log and metrics: "remade", "failed", "retried", "released", "fenced",
    /// "unsettled".
    struct Ending {
        std::string_view result;
        std::optional<Error> error = std::nullopt;
    };

    [[nodiscard]] Ending attempt(const RerenderClaim& claim, RenderSlot& slot);
    [[nodiscard]] Result<JobRunner::Work> work(const RerenderClaim& claim, RenderSlot& slot);
    [[nodiscard]] Ending commit(const RerenderClaim& claim, JobRunner::Work work);
    [[nodiscard]] Ending settle(const RerenderClaim& claim, Error error);
    [[nodiscard]] Ending fail(const RerenderClaim& claim, const VariantError& variant_error, Error cause);
    [[nodiscard]] Ending release(const RerenderClaim& claim, Error error, const RetryAfter& retry);
    void report(const RerenderClaim& claim, const Ending& ending);

    const WorkerConfig& config_;
    const WorkerParts& parts_;
    LeaseKeeper& leases_;
    JobRunner& maker_;
    const std::atomic<bool>& give_back_;
};

}  // namespace safelight
