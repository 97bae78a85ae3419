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
    bool operator==(const RetryAfter&) const = default;
};

using RetryDecision = std::variant<RetryAfter, VariantError>;

/// Transient errors, and bugs, are tried again until `tries` reaches tries_max; then the variants fail with
/// attempts_exhausted. All others fail at once, with their own code. The delay is backoff_base doubled with
/// each try, spread by ±50 % (`fraction` in [0, 1) places it), and never above backoff_max. Pure.
[[nodiscard]] RetryDecision decide_retry(const Error& error, std::uint32_t tries, const WorkerConfig& config,
                                         double fraction);

/// What a client is told when the tries are used up; `last` is the last error, when it is known.
[[nodiscard]] VariantError exhausted(std::uint32_t tries, const Error* last);

}  // namespace safelight
