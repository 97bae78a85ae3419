// What a renderer process gives up for good before it sees a byte of a picture. Linux only.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace safelight {

/// No new privileges, no core dumps that others could read, and no file can be opened where the kernel has
/// Landlock. The rules hold for this thread and those that it starts, so another thread is an error. Returns
/// the wire::Protection bits that hold. Error: internal.
[[nodiscard]] Result<std::uint32_t> deny_files();

/// From here on, a system call that decoding has no use for ends the process; for all its threads. Returns
/// the wire::Protection bits that hold. Error: internal.
[[nodiscard]] Result<std::uint32_t> deny_system_calls();

}  // namespace safelight
