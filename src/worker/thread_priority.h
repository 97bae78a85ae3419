// Image work yields to the threads that answer requests.
#pragma once

#include "telemetry/log.h"

namespace safelight {

/// Lowers the priority of the calling thread (Linux: nice 5). A refusal changes nothing and is logged for
/// debugging.
void lower_thread_priority(telemetry::Logger& log);

}  // namespace safelight
