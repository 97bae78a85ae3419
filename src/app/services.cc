#include "app/services.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <variant>

#include "app/backend_urls.h"
#include "base/units.h"

namespace safelight::app {
namespace {

IngestConfig ingest_config(const Config& config) {
    IngestConfig ingest = config.ingest;
    ingest.render_bytes_max = memory_for_one_render(config);
    return ingest;
}

/// Where uploads go: with copies of them, if these are kept.
BlobStore& uploads_of(Backends& backends) {
    return backends.copying ? *backends.copying : *backends.blobs;
}

double deliveries_waiting(Backends& backends) {
    const auto waiting = backends.database->outbox().waiting();
    return waiting ? static_cast<double>(waiting->count) : std::numeric_limits<double>::quiet_NaN();
}

double oldest_delivery_s(Backends& backends) {
    const auto waiting = backends.database->outbox().waiting();
    if (!waiting) return std::numeric_limits<double>::quiet_NaN();
    if (!waiting->oldest) return 0;
    return std::chrono::duration<double>(backends.clock->now() - *waiting->oldest).count();
}

/// A rule that was meant otherwise cannot be taken back.
void warn_of_deletions(const Config& config, telemetry::Logger& log) {
    if (const auto& after = config.retention.defaults.delete_images_after)
        log.warn("images of all accounts without a rule of their own are deleted by age",
                 {{"after", format_duration(*after)}});
}

bool is_the_catalog(const Result<QueueChoice>& queue) {
    return queue && std::holds_alternative<CatalogQueueConfig>(*queue);
}

}  // namespace

Services::Services(const Config& config, Backends& backends)
    : reads({.defaults = config.retention.defaults, .interval = config.retention.pause_min}, *backends.clock,
            backends.database->retention(), *backends.log),
      ingest(make_ingest(ingest_config(config), {.clock = *backends.clock,
                                                 .ids = *backends.ids,
                                                 .catalog = backends.database->catalog(),
                                                 .claims = backends.database->claims(),
                                                 .ledger = backends.database->ledger(),
                                                 .blobs = uploads_of(backends),
                                                 .keys = backends.keys->originals,
                                                 .queue = *backends.queue,
                                                 .renderer = *backends.renderer,
                                                 .log = *backends.log,
                                                 .metrics = *backends.metrics})),
      resumable_ingest(
          make_resumable_ingest(resumable_config(config), {.clock = *backends.clock,
                                                           .ids = *backends.ids,
                                                           .uploads = backends.database->resumable_uploads(),
                                                           .ledger = backends.database->ledger(),
                                                           .blobs = *backends.blobs,
                                                           .keys = backends.keys->originals,
                                                           .ingest = *ingest,
                                                           .log = *backends.log})),
      library(make_library({.clock = *backends.clock,
                            .ids = *backends.ids,
                            .catalog = backends.database->catalog(),
                            .claims = backends.database->claims(),
                            .control = backends.database->control(),
                            .bulk_operations = backends.database->bulk_operations(),
                            .retention = backends.database->retention(),
                            .ledger = backends.database->ledger(),
                            .blobs = *backends.blobs,
                            .queue = *backends.queue,
                            .watch = watch,
                            .log = *backends.log,
                            .metrics = *backends.metrics,
                            .backlog_max = config.ingest.backlog_max,
                            .tries_max = config.worker.tries_max,
                            .reads = &reads})),
      webhooks(backends.database->webhooks(), webhook_targets(config), *backends.ids, *backends.clock),
      quotas(config.quotas, {.clock = *backends.clock,
                             .ids = *backends.ids,
                             .store = backends.database->upload_quotas(),
                             .log = *backends.log}) {}

std::unique_ptr<WorkerPool> start_workers_of(const Config& config, Backends& backends, JobWatch& watch) {
    WorkerConfig worker = config.worker;
    worker.threads = worker_threads(config);
    worker.renders = render_slots(config);
    worker.source_bytes_max = config.ingest.bytes_max;
    worker.image = config.image;
    worker.backlog_max = config.ingest.backlog_max;
    worker.retention = config.retention;
    warn_of_deletions(config, *backends.log);
    worker.render_bytes_max = memory_for_renders(config);
    worker.single_render_bytes_max = memory_for_one_render(config);
    return start_workers(worker, {.clock = *backends.clock,
                                  .ids = *backends.ids,
                                  .catalog = backends.database->catalog(),
                                  .claims = backends.database->claims(),
                                  .rerenders = backends.database->rerenders(),
                                  .bulk_operations = backends.database->bulk_operations(),
                                  .ledger = backends.database->ledger(),
                                  .blobs = *backends.blobs,
                                  .keys = *backends.keys,
                                  .queue = *backends.queue,
                                  .renderer = *backends.renderer,
                                  .watch = watch,
                                  .log = *backends.log,
                                  .metrics = *backends.metrics,
                                  .copies = backends.copies.get(),
                                  .idempotency = &backends.database->idempotency(),
                                  .uploads = &backends.database->resumable_uploads(),
                                  .outbox = &backends.database->outbox(),
                                  .poster = backends.poster.get(),
                                  .retention = &backends.database->retention()});
}

NewsDesk::NewsDesk(const Config& config, Backends& backends, JobWatch& watch)
    : backends_(backends),
      watch_(watch),
      passes_on_work_(worker_threads(config) > 0 && is_the_catalog(chosen_queue(config))) {}

Status NewsDesk::listen() {
    TRY_ASSIGN(news_, backends_.database->listen(*this));
    return {};
}

void NewsDesk::on_claimable(const WaitingJob& job) {
    watch_.notify_of_work();
    if (!passes_on_work_) return;
    if (const Status status = backends_.queue->publish(job); !status)
        backends_.log->warn("hint lost",
                            {{"job_id", job.id.to_string()}, {"error", status.error().log_text}});
}

void NewsDesk::on_listening() {
    backends_.log->info("hears of jobs");
}

void NewsDesk::on_changed(JobId job_id) {
    watch_.notify(job_id);
}

std::vector<ReadinessCheck> readiness_of(Backends& backends) {
    return {{"catalog", [&] { return backends.database->check(); }},
            {"blobs", [&] { return backends.blobs->check(); }},
            // Jobs are found in the catalog as well: without the queue they start later.
            {"queue", [&] { return backends.queue->check(); }, false}};
}

void register_gauges(Backends& backends, WorkerPool& workers) {
    backends.metrics->gauge("safelight_backlog_jobs", "Jobs with pending variants.", [&backends] {
        return static_cast<double>(backends.database->claims().backlog().value_or(0));
    });
    backends.metrics->gauge(
        "safelight_backlog_rerenders", "Variants that wait to be made again.",
        [&backends] { return static_cast<double>(backends.database->rerenders().backlog().value_or(0)); });
    backends.metrics->gauge("safelight_queue_hints",
                            "Hints that wait for a worker, as far as the queue knows.",
                            [&backends] { return static_cast<double>(backends.queue->depth().value_or(0)); });
    backends.metrics->gauge("safelight_workers_busy", "Jobs in hand in this process.",
                            [&workers] { return static_cast<double>(workers.busy()); });
    backends.metrics->gauge("safelight_webhooks_in_flight", "Webhooks that this process sends now.",
                            [&workers] { return static_cast<double>(workers.webhooks_in_flight()); });
    backends.metrics->gauge("safelight_webhook_deliveries_waiting",
                            "Webhook deliveries that wait; at most 10,000 of each endpoint are counted.",
                            [&backends] { return deliveries_waiting(backends); });
    backends.metrics->gauge("safelight_webhook_oldest_waiting_seconds",
                            "How long the oldest webhook delivery waits.",
                            [&backends] { return oldest_delivery_s(backends); });
    if (backends.copies) {
        backends.metrics->gauge("safelight_local_copies_bytes",
                                "Of copies of originals that were just uploaded.",
                                [&backends] { return static_cast<double>(backends.copies->size_bytes()); });
    }
    backends.metrics->gauge("safelight_render_memory_bytes",
                            "What the renders under way may take of memory, by their estimates.",
                            [&workers] { return static_cast<double>(workers.render_bytes()); });
}

}  // namespace safelight::app
