// `safelight serve`: the server and its workers in one process.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "api/api.h"
#include "app/commands.h"
#include "app/presets_file.h"
#include "app/stop_signals.h"
#include "app/version.h"
#include "app/wiring.h"
#include "base/units.h"
#include "embedded/web_assets.h"
#include "service/ingest.h"
#include "service/job_watch.h"
#include "service/library.h"
#include "worker/worker.h"

namespace safelight::app {
namespace {

IngestConfig ingest_config(const Config& config) {
    IngestConfig ingest = config.ingest;
    ingest.render_bytes_max = memory_for_one_render(config);
    return ingest;
}

/// The use cases over the backends.
struct Services {
    Services(const Config& config, Backends& backends)
        : ingest(make_ingest(ingest_config(config), {.clock = *backends.clock,
                                                     .ids = *backends.ids,
                                                     .catalog = backends.database->catalog(),
                                                     .claims = backends.database->claims(),
                                                     .ledger = backends.database->ledger(),
                                                     .blobs = *backends.blobs,
                                                     .keys = backends.keys->originals,
                                                     .queue = *backends.queue,
                                                     .renderer = *backends.renderer,
                                                     .log = *backends.log,
                                                     .metrics = *backends.metrics})),
          library(make_library({.clock = *backends.clock,
                                .catalog = backends.database->catalog(),
                                .claims = backends.database->claims(),
                                .ledger = backends.database->ledger(),
                                .blobs = *backends.blobs,
                                .queue = *backends.queue,
                                .watch = watch,
                                .log = *backends.log,
                                .metrics = *backends.metrics,
                                .backlog_max = config.ingest.backlog_max})) {}

    JobWatch watch;
    std::unique_ptr<Ingest> ingest;
    std::unique_ptr<Library> library;
};

std::unique_ptr<WorkerPool> start_workers_of(const Config& config, Backends& backends, Services& services) {
    WorkerConfig worker = config.worker;
    worker.threads = worker_threads(config);
    worker.renders = render_slots(config);
    worker.source_bytes_max = config.ingest.bytes_max;
    worker.image = config.image;
    worker.render_bytes_max = memory_for_renders(config);
    worker.single_render_bytes_max = memory_for_one_render(config);
    return start_workers(worker, {.clock = *backends.clock,
                                  .ids = *backends.ids,
                                  .catalog = backends.database->catalog(),
                                  .claims = backends.database->claims(),
                                  .rerenders = backends.database->rerenders(),
                                  .ledger = backends.database->ledger(),
                                  .blobs = *backends.blobs,
                                  .keys = *backends.keys,
                                  .queue = *backends.queue,
                                  .renderer = *backends.renderer,
                                  .watch = services.watch,
                                  .log = *backends.log,
                                  .metrics = *backends.metrics});
}

void register_gauges(Backends& backends, const WorkerPool& workers) {
    backends.metrics->gauge("safelight_backlog_jobs", "Jobs with pending variants.", [&backends] {
        return static_cast<double>(backends.database->claims().backlog().value_or(0));
    });
    backends.metrics->gauge(
        "safelight_backlog_rerenders", "Variants that wait to be made again.",
        [&backends] { return static_cast<double>(backends.database->rerenders().backlog().value_or(0)); });
    backends.metrics->gauge("safelight_queue_hints", "Hints that wait for a worker of this process.",
                            [&backends] { return static_cast<double>(backends.queue->depth().value_or(0)); });
    backends.metrics->gauge("safelight_workers_busy", "Jobs in hand in this process.",
                            [&workers] { return static_cast<double>(workers.busy()); });
    backends.metrics->gauge("safelight_render_memory_bytes",
                            "What the renders under way may take of memory, by their estimates.",
                            [&workers] { return static_cast<double>(workers.render_bytes()); });
}

std::string url_of(const Config& config, std::uint16_t port) {
    const bool is_v6 = config.http.address.find(':') != std::string::npos;
    return is_v6 ? fmt::format("http://[{}]:{}", config.http.address, port)
                 : fmt::format("http://{}:{}", config.http.address, port);
}

}  // namespace

int run_serve(const Config& config) {
    const StopSignals signals;
    const auto presets = load_presets(config);
    if (!presets) return report(presets.error());
    auto default_variants = parse_variants(config.default_variants, *presets, "SAFELIGHT_DEFAULT_VARIANTS");
    if (!default_variants) return report(default_variants.error());
    auto opened = open_backends(config);
    if (!opened) return report(opened.error());
    Backends& backends = *opened;
    Services services(config, backends);
    ThreadPool pool("blocking", config.blocking_threads, config.blocking_queue_max);
    const auto workers = start_workers_of(config, backends, services);
    register_gauges(backends, *workers);

    const auto authenticator = make_open_authenticator();
    http::Router router;
    register_routes(router, {.ingest = *services.ingest,
                             .library = *services.library,
                             .watch = services.watch,
                             .authenticator = *authenticator,
                             .pool = pool,
                             .log = *backends.log,
                             .metrics = *backends.metrics,
                             .presets = *presets,
                             .default_variants = *std::move(default_variants),
                             .formats = backends.renderer->formats(),
                             .picture_bytes_max = config.ingest.bytes_max,
                             .readiness = {{"catalog", [&] { return backends.database->check(); }},
                                           {"blobs", [&] { return backends.blobs->check(); }},
                                           {"queue", [&] { return backends.queue->check(); }}},
                             .web_assets = web_assets()});
    auto server = http::start_server(config.http, router, make_hooks(*backends.log, *backends.metrics), pool,
                                     *backends.ids);
    if (!server) return report(server.error());
    backends.log->info("listening", {{"url", url_of(config, (*server)->port())},
                                     {"version", version},
                                     {"workers", worker_threads(config)},
                                     {"renders", render_slots(config)},
                                     {"render_memory", format_bytes(render_memory(config))},
                                     {"data", config.data.string()}});

    const int signal = signals.wait();
    backends.log->info("stopping", {{"signal", signal}});
    signals.end_at_the_next();
    const auto deadline = std::chrono::steady_clock::now() + config.http.drain_timeout;
    workers->stop_taking();
    (*server)->drain();
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now());
    workers->drain(std::max(left, Milliseconds{0}));
    backends.log->info("stopped");
    return 0;
}

}  // namespace safelight::app
