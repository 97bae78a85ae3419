#include "webhooks/delivery_decision.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/text.h"

namespace safelight {
namespace {

constexpr int gone = 410;
constexpr int too_many_requests = 429;
constexpr int unavailable = 503;

/// What Retry-After asks for of 429 and 503: seconds, or a date; at most retry_after_max. Zero without it.
Milliseconds wanted_pause(const PostResult& result, Timestamp now) {
    if (result.status != too_many_requests && result.status != unavailable) return Milliseconds::zero();
    const std::string_view text = trim(result.retry_after);
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_whole = !text.empty() && end == text.data() + text.size();
    if (is_whole && error == std::errc::result_out_of_range) return retry_after_max;
    if (is_whole && error == std::errc{})
        return std::min<Milliseconds>(std::chrono::seconds{seconds}, retry_after_max);
    if (const auto date = parse_http_date(text))
        return std::clamp<Milliseconds>(*date - now, Milliseconds::zero(), retry_after_max);
    return Milliseconds::zero();
}

}  // namespace

DeliveryOutcome decide_delivery(const PostResult& result, std::uint32_t tries, const RetrySchedule& schedule,
                                Timestamp now, double fraction) {
    DeliveryOutcome outcome;
    outcome.attempt.http_status = result.status;
    outcome.attempt.error = result.error;
    if (result.error.empty()) return outcome;
    if (result.status == gone) {
        outcome.disable = DisabledReason::gone;
    } else if (tries + 1 >= schedule.attempts_max()) {
        outcome.disable = DisabledReason::failing;
    } else {
        outcome.retry_at = now + std::max(schedule.pause(tries + 1, fraction), wanted_pause(result, now));
    }
    return outcome;
}

}  // namespace safelight
