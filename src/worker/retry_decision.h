// What follows from a failed attempt.
#pragma once

#include <cstdint>
#include <variant>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/records.h"
#include "worker/worker.h"

namespace safelight {

struct RetryAfter {
    Milliseconds delay;
    bool counts = true;  // as a try
    bool operator==(const RetryAfter&) const = default;
};

/// Of what a worker that stops gives back.
inline constexpr RetryAfter at_once{.delay = Milliseconds::zero(), .counts = false};

using RetryDecision = std::variant<RetryAfter, VariantError>;

/// Transient errors, and bugs, are tried again until `tries` reaches tries_max; then the variants fail with
/// attempts_exhausted. The delay is backoff_base doubled with each try, spread by ±50 % (`fraction` in [0, 1)
/// places it), and never above backoff_max. A backend that is away or full is no fault of the picture's: the
/// try does not count, and the job waits for as long as it takes, tried about every eight times backoff_base.
/// All others fail at once, with their own code. Pure.
[[nodiscard]] RetryDecision decide_retry(const Error& error, std::uint32_t tries, const WorkerConfig& config,
                                         double fraction);

/// What a client is told when the tries are used up; `last` is the last error, when it is known.
[[nodiscard]] VariantError exhausted(std::uint32_t tries, const Error* last);

}  // namespace safelight
