#include "worker/retry_decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace safelight {
namespace {

constexpr std::uint32_t renderer_tries_max = 2;

/// While a backend is away all jobs fail alike: seldom enough to leave it alone, often enough that work goes
/// on soon after.
constexpr std::uint32_t outage_backoff_tries = 4;

/// An unexpected exception is a bug or exhaustion of memory; the latter passes.
bool is_worth_a_retry(ErrorCode code) {
    return is_transient(code) || code == ErrorCode::internal;
}

bool is_outage(ErrorCode code) {
    return code == ErrorCode::unavailable || code == ErrorCode::storage_full;
}

Milliseconds backoff(std::uint32_t tries, const WorkerConfig& config, double fraction) {
    Milliseconds delay = config.backoff_base;
    for (std::uint32_t i = 1; i < tries && delay < config.backoff_max; ++i) delay *= 2;
    delay = std::min(delay, config.backoff_max);
    const double spread_ms = static_cast<double>(delay.count()) * (0.5 + fraction);
    return std::min(Milliseconds(std::llround(spread_ms)), config.backoff_max);
}

}  // namespace

RetryDecision decide_retry(const Error& error, std::uint32_t tries, const WorkerConfig& config,
                           double fraction) {
    if (!is_worth_a_retry(error.code)) return VariantError{error.code, error.public_text};
    if (is_outage(error.code))
        return RetryAfter{.delay = backoff(outage_backoff_tries, config, fraction), .counts = false};
    // A picture that ended two renderers would end a third.
    if (error.code == ErrorCode::renderer_failed && tries >= renderer_tries_max)
        return VariantError{error.code, error.public_text};
    if (tries >= config.tries_max) return exhausted(tries, &error);
    return RetryAfter{.delay = backoff(tries, config, fraction)};
}

VariantError exhausted(std::uint32_t tries, const Error* last) {
    std::string detail = fmt::format("Given up after {} {}", tries, tries == 1 ? "try" : "tries");
    detail += last == nullptr ? "." : fmt::format("; the last one ended with {}.", name_of(last->code));
    return {ErrorCode::attempts_exhausted, std::move(detail)};
}

}  // namespace safelight
