// A readiness check whose outcome is good for a moment: checks write, and anybody may ask for readiness.
#pragma once

#include "api/api.h"
#include "base/clock.h"

namespace safelight {

/// How long an outcome is good for.
inline constexpr Milliseconds check_age_max{1'000};

/// `check` runs once at a time, and not again before its last outcome is `age_max` old. Who asks while it
/// runs gets the last outcome, and waits when there is none yet. Any thread may call.
[[nodiscard]] ReadinessCheck remembered(ReadinessCheck check, Milliseconds age_max = check_age_max);

}  // namespace safelight
