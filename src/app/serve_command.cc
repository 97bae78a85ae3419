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
#include "app/descriptor_limit.h"
#include "app/gate.h"
#include "app/presets_file.h"
#include "app/service_manager.h"
#include "app/services.h"
#include "app/source_fetching.h"
#include "app/stop_signals.h"
#include "app/version.h"
#include "app/wiring.h"
#include "base/units.h"
#include "embedded/web_assets.h"

namespace safelight::app {
namespace {

OriginalLinks links_of(const Config& config, const Backends& backends) {
    if (!config.blobs_redirect_bytes) return {};
    return {.store = backends.links,
            .bytes_min = *config.blobs_redirect_bytes,
            .valid_for = std::chrono::duration_cast<std::chrono::seconds>(config.blobs_redirect_expiry)};
}

/// A thread of the server that is not back by then hangs: nothing blocking runs on it.
constexpr Milliseconds responsive_within{5'000};

}  // namespace

int run_serve(const Config& config) {
    const StopSignals signals;
    const auto presets = load_presets(config);
    if (!presets) return report(presets.error());
    auto default_variants = parse_variants(config.default_variants, *presets, "SAFELIGHT_DEFAULT_VARIANTS");
    if (!default_variants) return report(default_variants.error());
    if (const Status fits = check_upload_memory(config); !fits) return report(fits.error());
    auto opened = open_backends(config);
    if (!opened) return report(opened.error());
    Backends& backends = *opened;
    keep_local_copies(config, backends);
    Services services(config, backends);
    ThreadPool pool("blocking", config.blocking_threads, config.blocking_queue_max);
    ThreadPool ending_pool("upload-end", std::max(config.blocking_threads / 4, 1U),
                           config.blocking_queue_max);
    const SourceFetching sources(config, *backends.metrics);
    const auto workers = start_workers_of(config, backends, services.watch);
    register_gauges(backends, *workers);
    NewsDesk news(config, backends, services.watch);
    if (const Status listening = news.listen(); !listening) return report(listening.error());

    Gate gate(config, backends, pool);
    if (const Status opened_gate = gate.open(); !opened_gate) return report(opened_gate.error());
    http::Router router;
    const auto open_streams = std::make_shared<std::atomic<std::uint32_t>>(0);
    backends.metrics->gauge("safelight_event_streams", "Streams of server-sent events that are open.",
                            [open_streams] { return static_cast<double>(open_streams->load()); });
    register_routes(router, {.clock = *backends.clock,
                             .ingest = *services.ingest,
                             .resumable_ingest = *services.resumable_ingest,
                             .library = *services.library,
                             .watch = services.watch,
                             .changes = backends.database->changes(),
                             .authenticator = gate.authenticator(),
                             .keys = gate.keys(),
                             .url_signer = gate.url_signer(),
                             .webhooks = services.webhooks,
                             .quotas = services.quotas,
                             .idempotency = {.store = backends.database->idempotency(),
                                             .lease = config.idempotency_lease,
                                             .kept_for = config.idempotency_expiry},
                             .pool = pool,
                             .ending_pool = ending_pool,
                             .log = *backends.log,
                             .metrics = *backends.metrics,
                             .presets = *presets,
                             .default_variants = *std::move(default_variants),
                             .formats = backends.renderer->formats(),
                             .picture_bytes_max = config.ingest.bytes_max,
                             .links = links_of(config, backends),
                             .sources = sources.parts(),
                             .events = config.events,
                             .open_streams = open_streams,
                             .readiness = readiness_of(backends),
                             .web_assets = web_assets()});
    http::ServerConfig http_config = config.http;
    http_config.connections_max = make_room_for_connections(http_config.connections_max, *backends.log);
    auto server = http::start_server(http_config, router,
                                     make_hooks(*backends.log, *backends.metrics, config.cors_origins), pool,
                                     *backends.ids);
    if (!server) return report(server.error());
    backends.log->info("listening",
                       {{"url", "http://" + to_text(Endpoint{config.http.address, (*server)->port()})},
                        {"version", version},
                        {"workers", worker_threads(config)},
                        {"renders", render_slots(config)},
                        {"render_memory", format_bytes(render_memory(config))},
                        {"data", config.data.string()}});

    ServiceManager manager(read_service_manager());
    manager.ready("Serving", [&server] { return (*server)->is_responsive(responsive_within); });
    const int signal = signals.wait();
    backends.log->info("stopping", {{"signal", signal}});
    manager.stopping();
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
