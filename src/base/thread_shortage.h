// Whether the system has threads left for this process: pids.max, TasksMax, ulimit -u, or its memory.
#pragma once

namespace safelight {

/// Whether no thread can be started at the moment. Finds out by starting one, which ends at once and is
/// waited for. Any thread may call.
[[nodiscard]] bool lacks_threads();

}  // namespace safelight
