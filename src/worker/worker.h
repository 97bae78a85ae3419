// Takes jobs, has them rendered, commits what came of them. Threads of this process.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "blobs/local_copies.h"
#include "catalog/catalog.h"
#include "image/limits.h"
#include "queue/job_queue.h"
#include "renderer/renderer.h"
#include "service/job_watch.h"
#include "service/key_stock.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "webhooks/retry_schedule.h"
#include "webhooks/webhook_poster.h"

namespace safelight {

/// How webhooks are sent.
struct WebhookConfig {
    std::uint32_t attempts_max = 16;  // at the same time; 0: none by this process
    std::uint32_t attempts_per_endpoint_max = 4;
    Milliseconds timeout{15'000};  // of one attempt
    RetrySchedule retries{};
    Milliseconds interval{1'000};  // between looks for what is due

    /// How long an attempt has a delivery to itself: what comes before and after it takes time too.
    [[nodiscard]] Milliseconds lease() const { return 2 * timeout + Milliseconds{5'000}; }
};

struct WorkerConfig {
    std::uint32_t threads = 2;    // jobs at the same time; 0: none in this process, which sweeps only
    std::uint32_t renders = 2;    // of these, how many are rendered at the same time; the others are stored
    Milliseconds lease{30'000};   // renewed every third of it
    std::uint32_t tries_max = 3;  // claims of one piece of work before it is given up
    Milliseconds backoff_base{1'000};  // doubles with each try, with jitter of ±50 %
    Milliseconds backoff_max{60'000};
    Milliseconds render_timeout{30'000};
    std::uint64_t source_bytes_max = 25'000'000;
    ImageLimits image;  // those of the renderer
    /// What all renders at the same time may take together, and what a single one may, by
    /// renderer/memory_estimate.h. What does not fit waits; a variant that can never fit fails.
    std::uint64_t render_bytes_max = 1'024 * 1'024 * 1'024ULL;
    std::uint64_t single_render_bytes_max = 1'024 * 1'024 * 1'024ULL;  // at most render_bytes_max
    Milliseconds rescue_interval{5'000};
    Milliseconds sweep_interval{10'000};
    Milliseconds write_deadline{600'000};  // of a reserved variant blob
    std::uint64_t backlog_max = 100'000;   // jobs that wait; past half of it none are tried again in bulk
    WebhookConfig webhooks;
    RetentionLook retention;

    /// Errors: invalid_argument, one fault for each member.
    [[nodiscard]] Status validate() const;
};

struct WorkerParts {
    const Clock& clock;
    IdGenerator& ids;
    Catalog& catalog;
    JobClaims& claims;
    Rerenders& rerenders;
    BulkOperations& bulk_operations;
    BlobLedger& ledger;
    BlobStore& blobs;
    KeyStocks& keys;  // with the write_deadlines of the configuration
    JobQueue& queue;
    Renderer& renderer;
    JobWatch& watch;
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
    LocalCopies* copies = nullptr;        // of originals that this process took in; empty: there are none
    Idempotency* idempotency = nullptr;   // whose answers are swept; empty: none are kept
    ResumableUploads* uploads = nullptr;  // which are swept when they have expired; empty: there are none
    DeliveryOutbox* outbox =
        nullptr;  // which is swept, and sent where there is a poster; empty: there is none
    WebhookPoster* poster = nullptr;  // empty: nothing is sent
    Retention* retention = nullptr;   // by whose rules images and variants go; empty: none do
};

/// Runs from construction until `drain`: worker threads, the lease keeper, and the duties (rescuer, sweepers,
/// bulk runner, retention, webhook sender).
class WorkerPool {
  public:
    virtual ~WorkerPool() = default;

    /// Takes no new job from now on; those in hand go on. Does not block; idempotent.
    virtual void stop_taking() = 0;

    /// stop_taking, then waits for those in hand up to `timeout`, then cancels them and gives their claims
    /// back without counting the try. Blocks; idempotent.
    virtual void drain(Milliseconds timeout) = 0;

    /// Jobs in hand, for metrics.
    [[nodiscard]] virtual std::uint32_t busy() const = 0;

    /// Webhooks on their way, for metrics.
    [[nodiscard]] virtual std::uint32_t webhooks_in_flight() = 0;

    /// By the estimates of the renders under way, for metrics.
    [[nodiscard]] virtual std::uint64_t render_bytes() const = 0;
};

[[nodiscard]] std::unique_ptr<WorkerPool> start_workers(const WorkerConfig& config, const WorkerParts& parts);

}  // namespace safelight
