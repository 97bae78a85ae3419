// What fetches pictures from other servers, as it is configured.
#pragma once

#include <memory>
#include <optional>

#include "api/api.h"
#include "app/config.h"
#include "base/thread_pool.h"
#include "outbound/client.h"
#include "telemetry/metrics.h"

namespace safelight::app {

/// Threads and a client of their own: however slow other servers are, nothing else waits for them.
class SourceFetching {
  public:
    /// `metrics` outlives it.
    SourceFetching(const Config& config, telemetry::Metrics& metrics);

    /// Without a client where no host is permitted.
    [[nodiscard]] const SourceParts& parts() const { return parts_; }

  private:
    std::unique_ptr<OutboundClient> client_;
    std::optional<ThreadPool> pool_;
    SourceParts parts_;
};

}  // namespace safelight::app
