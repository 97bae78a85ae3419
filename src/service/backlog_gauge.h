// How many jobs wait, asked of the catalog once a second at most.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace safelight {

/// Any thread may call.
class BacklogGauge {
  public:
    BacklogGauge(const Clock& clock, JobClaims& claims) : clock_(clock), claims_(claims) {}

    /// As of at most a second ago. Blocks for a query when it is older. Errors: unavailable.
    [[nodiscard]] Result<std::uint64_t> read();

    /// Whether more work may be taken on. Errors: overloaded (jobs_max or more wait), unavailable.
    [[nodiscard]] Status admit(std::uint64_t jobs_max);

  private:
    const Clock& clock_;
    JobClaims& claims_;
    std::mutex mutex_;
    std::optional<Timestamp> read_at_;  // guarded by mutex_
    std::uint64_t jobs_ = 0;            // guarded by mutex_
};

}  // namespace safelight
