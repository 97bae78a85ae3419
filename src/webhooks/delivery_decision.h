// What follows from an attempt to deliver.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "catalog/webhooks.h"
#include "webhooks/retry_schedule.h"
#include "webhooks/webhook_poster.h"

namespace safelight {

/// Longer than this nobody is waited for because of his Retry-After.
inline constexpr Milliseconds retry_after_max{3'600'000};

/// 2xx: delivered. 410: given up, and the endpoint is gone. Everything else is tried again after the
/// schedule's pause, or what Retry-After asks for where that is longer; when the schedule is used up it is
/// given up, and the endpoint fails where the catalog knows of nothing that was taken meanwhile. `tries` is
/// how many attempts failed before; the outcome's attempt has no times yet. Not asked of what
/// was stopped or not sent. Pure.
[[nodiscard]] DeliveryOutcome decide_delivery(const PostResult& result, std::uint32_t tries,
                                              const RetrySchedule& schedule, Timestamp now, double fraction);

}  // namespace safelight
