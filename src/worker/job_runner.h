// One attempt at one job: claim, read, render, store, commit.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "renderer/renderer.h"
#include "service/blob_reservation.h"
#include "worker/lease_keeper.h"
#include "worker/overlays.h"
#include "worker/render_batches.h"
#include "worker/render_budget.h"
#include "worker/render_slots.h"
#include "worker/retry_decision.h"
#include "worker/worker.h"

namespace safelight {

/// Belongs to one worker thread. What is passed in outlives it.
class JobRunner {
  public:
    /// `on_retry` is told when a job that was given back will be due. `give_back` turns true when a shutdown
    /// waits no longer: the work in hand is called off and its claim given back without counting the try.
    JobRunner(const WorkerConfig& config, const WorkerParts& parts, LeaseKeeper& leases, RenderBudget& budget,
              std::function<void(Timestamp)> on_retry, const std::atomic<bool>& give_back);

    /// Makes the pending variants of the job if it can be claimed, and settles the claim, whatever happens:
    /// this is where exceptions of an attempt end. The slot is released once the variants are rendered.
    /// Blocks. Errors: what claiming returns; whatever happens to a claimed job is settled here.
    [[nodiscard]] Status run(JobId id, RenderSlot slot);

    /// What an attempt has to commit.
    struct Work {
        std::vector<VariantOutcome> outcomes;
        std::optional<Look> look;
        std::optional<BlobReservation> reservation;  // of the blobs in `outcomes`
    };

    /// Renders and stores the pending variants of something that `hold` keeps claimed; commits nothing. Of
    /// the claim, image, pending and tries count. Errors: fenced (the hold was lost), cancelled (shutdown),
    /// and whatever keeps all variants from being made. Blocks.
    [[nodiscard]] Result<Work> make(const Claim& claim, LeaseKeeper::Hold& hold, RenderSlot& slot);

  private:
    /// How an attempt ended, for log and metrics.
    struct Ending {
        std::string_view result;  // "completed", "retried", "released", "fenced", "unsettled"
        std::optional<Error> error = std::nullopt;
        std::size_t ready = 0;
    };

    [[nodiscard]] Ending attempt(const Claim& claim, RenderSlot& slot);
    [[nodiscard]] Result<Work> work(const Claim& claim, RenderSlot& slot);
    /// One rendition for each pending variant: a fault of its overlay is that variant's alone.
    [[nodiscard]] Result<RenderOutcome> render(const Claim& claim, LeaseKeeper::Hold& hold, RenderSlot& slot);
    /// In as many calls as there is memory for; `overlay_bytes` come to those with watermarks.
    [[nodiscard]] Result<RenderOutcome> render_batches(const RenderTask& task, const Image& image,
                                                       std::uint64_t overlay_bytes, LeaseKeeper::Hold& hold);
    [[nodiscard]] Result<RenderOutcome> render_batch(const RenderTask& task, std::uint64_t bytes,
                                                     const CancelCheck& unwanted);
    [[nodiscard]] Result<Work> store(const Claim& claim, RenderOutcome rendered);
    [[nodiscard]] Ending commit(const Claim& claim, Work work);
    [[nodiscard]] Ending settle(const Claim& claim, Error error);
    [[nodiscard]] Ending fail_all(const Claim& claim, const VariantError& variant_error,
                                  std::optional<Error> cause);
    [[nodiscard]] Ending release(const Claim& claim, Error error, const RetryAfter& retry);
    void announce(const Claim& claim, const Completion& completion, std::span<const VariantOutcome> outcomes);
    void report(const Claim& claim, const Ending& ending, std::chrono::microseconds duration);

    const WorkerConfig& config_;
    const WorkerParts& parts_;
    LeaseKeeper& leases_;
    RenderBudget& budget_;
    const std::function<void(Timestamp)> on_retry_;
    const std::atomic<bool>& give_back_;
};

}  // namespace safelight
