// The use cases and the workers over the backends: what `serve` and `worker` have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "app/config.h"
#include "app/wiring.h"
#include "catalog/job_news.h"
#include "service/ingest.h"
#include "service/job_watch.h"
#include "service/library.h"
#include "service/quota_desk.h"
#include "service/resumable_ingest.h"
#include "service/variant_reads.h"
#include "webhooks/webhook_registry.h"
#include "worker/worker.h"

namespace safelight::app {

/// The use cases. `backends` outlives it.
struct Services {
    Services(const Config& config, Backends& backends);

    JobWatch watch;
    VariantReads reads;
    std::unique_ptr<Ingest> ingest;
    std::unique_ptr<ResumableIngest> resumable_ingest;
    std::unique_ptr<Library> library;
    WebhookRegistry webhooks;
    QuotaDesk quotas;
};

/// `backends` and `watch` outlive the pool.
[[nodiscard]] std::unique_ptr<WorkerPool> start_workers_of(const Config& config, Backends& backends,
                                                           JobWatch& watch);

/// Passes on what other processes do to jobs: work to the queue, where that is the catalog itself, and
/// changes to who waits here.
class NewsDesk final : public JobNewsListener {
  public:
    /// `config`, `backends` and `watch` outlive it.
    NewsDesk(const Config& config, Backends& backends, JobWatch& watch);

    /// Nothing where no other process can share the catalog's news. Errors: invalid_argument.
    [[nodiscard]] Status listen();

  private:
    void on_claimable(const WaitingJob& job) override;
    void on_changed(JobId job_id) override;
    void on_listening() override;

    Backends& backends_;
    JobWatch& watch_;
    bool passes_on_work_;  // to workers of this process that have no other queue
    std::unique_ptr<JobNews> news_;
};

/// What has to work before this process can.
[[nodiscard]] std::vector<ReadinessCheck> readiness_of(Backends& backends);

/// Figures that are asked for when /metrics is read, by a server that ends before `backends` and `workers`.
void register_gauges(Backends& backends, WorkerPool& workers);

}  // namespace safelight::app
