// `safelight worker`: workers alone, beside a server on this machine or another.

#include <chrono>
#include <optional>

#include "app/commands.h"
#include "app/descriptor_limit.h"
#include "app/service_manager.h"
#include "app/services.h"
#include "app/stop_signals.h"
#include "app/version.h"
#include "base/units.h"

namespace safelight::app {
namespace {

/// Answers probes, where that is wanted.
class Health {
  public:
    Health(const Config& config, Backends& backends)
        : backends_(backends), pool_("blocking", probe_threads, config.blocking_queue_max) {
        register_health_routes(router_, {pool_, *backends.log, *backends.metrics, readiness_of(backends)});
    }

    /// Errors: as http::start_server.
    Status start(http::ServerConfig server, const Endpoint& endpoint) {
        server.drain_timeout = probes_end_within;
        server.connections_max = make_room_for_connections(server.connections_max, *backends_.log);
        server.address = endpoint.address;
        server.port = endpoint.port;
        TRY_ASSIGN(server_,
                   http::start_server(server, router_, make_hooks(*backends_.log, *backends_.metrics), pool_,
                                      *backends_.ids));
        backends_.log->info("listening",
                            {{"url", "http://" + to_text(Endpoint{server.address, server_->port()})}});
        return {};
    }

    void stop() {
        if (server_) server_->drain();
    }

  private:
    static constexpr std::uint32_t probe_threads = 2;
    static constexpr Milliseconds probes_end_within{1'000};

    Backends& backends_;
    ThreadPool pool_;
    http::Router router_;
    std::unique_ptr<http::Server> server_;
};

}  // namespace

int run_worker(const Config& config) {
    const StopSignals signals;
    if (worker_threads(config) == 0)
        return report(
            {ErrorCode::invalid_argument, "SAFELIGHT_WORKERS is 0: a worker needs at least 1.", {}, {}});
    raise_descriptor_limit();
    auto opened = open_backends(config);
    if (!opened) return report(opened.error());
    Backends& backends = *opened;
    JobWatch nobody_waits_here;
    const auto workers = start_workers_of(config, backends, nobody_waits_here);
    register_gauges(backends, *workers);
    NewsDesk news(config, backends, nobody_waits_here);
    if (const Status listening = news.listen(); !listening) return report(listening.error());
    Health health(config, backends);
    if (config.worker_health) {
        if (const auto started = health.start(config.http, *config.worker_health); !started)
            return report(started.error());
    }
    backends.log->info("working", {{"version", version},
                                   {"workers", worker_threads(config)},
                                   {"renders", render_slots(config)},
                                   {"render_memory", format_bytes(render_memory(config))}});

    ServiceManager manager(read_service_manager());
    // A worker that hangs loses its leases, and its renders have deadlines of their own.
    manager.ready("Working", [] { return true; });
    const int signal = signals.wait();
    backends.log->info("stopping", {{"signal", signal}});
    manager.stopping();
    signals.end_at_the_next();
    workers->stop_taking();
    workers->drain(config.http.drain_timeout);
    health.stop();
    backends.log->info("stopped");
    return 0;
}

}  // namespace safelight::app
