// The variants of a changed preset are queued to be made again, whoever they belong to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/rerenders.h"

namespace safelight {

struct RerenderOptions {
    std::string name;              // of preset and variants
    Transform wanted;              // what the preset is now
    std::uint32_t batch = 100;     // variants that are queued in one transaction; at least 1
    std::uint32_t per_second = 0;  // how many are queued in a second; 0: as fast as it goes
    bool dry_run = false;          // only look
    bool failed_again = false;     // those that could not be made are tried once more, as jobs if need be
    bool wait = false;             // until all are made; not more than a batch is queued at a time then
};

struct RerenderSummary {
    std::uint64_t stale = 0;                              // found made by another transform
    std::map<std::string, std::uint64_t> stale_versions;  // version → how many of `stale`
    std::uint64_t current = 0;
    std::uint64_t waiting = 0;  // queued before
    std::uint64_t failed = 0;   // could not be made, before or, with `wait`, since
    std::uint64_t unready = 0;  // pending or failed by this one: a matter of their jobs
    std::uint64_t queued = 0;   // by this run
    /// By this run, what waited by another transform, or with `failed_again` had failed by it: made by this
    /// one now, as a part of their jobs, which nobody waits for here.
    std::uint64_t changed = 0;
    bool interrupted = false;  // to be run again
};

struct RerenderProgress {
    std::uint64_t queued = 0;
    std::uint64_t waiting = 0;
    std::uint64_t failed = 0;
};

/// Told between batches, and while it waits.
using OnRerenderProgress = std::function<void(const RerenderProgress&)>;
/// Waits for so long, which may be zero; true: stop.
using RerenderPause = std::function<bool(Milliseconds)>;

/// Queues what is to be made again; the workers of whatever server runs make it. Stops between batches when
/// `pause` says so; run again it goes on, and does nothing twice. Blocks. Errors: those of the catalog.
[[nodiscard]] Result<RerenderSummary> queue_rerenders(Rerenders& rerenders, const Clock& clock,
                                                      const RerenderOptions& options,
                                                      const RerenderPause& pause,
                                                      const OnRerenderProgress& on_progress);

}  // namespace safelight
