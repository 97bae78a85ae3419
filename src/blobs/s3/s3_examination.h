// The store's clock, for whoever has to mend what it refuses.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/clock_skew.h"
#include "base/result.h"
#include "blobs/s3/s3_config.h"

namespace safelight {

/// By how much more a request's time may differ from the store's is up to the store: 15 minutes at Amazon,
/// and most others do as it does.
inline constexpr Milliseconds s3_skew_max{900'000};

/// By the Date of its answers to requests without a signature, which even a store gives that takes none of
/// ours: so it is exact to about half a second. Empty: its answers bear none. `clock` is this machine's.
/// Blocks: for three requests of check_timeout together. Errors: unavailable; invalid_argument.
[[nodiscard]] Result<std::optional<ClockSkew>> examine_s3_clock(const S3Config& config, const Clock& clock);

}  // namespace safelight
