#include "app/source_fetching.h"

namespace safelight::app {

SourceFetching::SourceFetching(const Config& config, telemetry::Metrics& metrics) {
    if (config.source_hosts.empty()) return;
    client_ = make_outbound_client({.hosts = config.source_hosts,
                                    .guard = AddressGuard(config.outbound_networks),
                                    .ca_file = config.outbound_ca_file.string()});
    // Each fetch waits for one piece of work at a time, so that none is ever refused.
    pool_.emplace("fetch", config.source_fetches_max, config.source_fetches_max);
    parts_ = {.client = client_.get(),
              .pool = &*pool_,
              .timeout = config.source_timeout,
              .fetches_max = config.source_fetches_max};
    metrics.gauge("safelight_source_fetches", "Pictures that are being fetched from other servers.",
                  [open = parts_.open_fetches] { return static_cast<double>(open->load()); });
}

}  // namespace safelight::app
