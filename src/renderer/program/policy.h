// What a renderer process gives up for good before it sees a byte of a picture. Linux only.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace safelight {

/// The kernel kills this process before any that has not asked for it, when memory is short: a render is made
/// again, what the server was told is not. Before `deny_files`. Returns the wire::Protection bit, or 0 where
/// it could not be asked for.
[[nodiscard]] std::uint32_t offer_to_be_killed();

/// No new privileges, no core dumps that others could read, and no file can be opened where the kernel has
/// Landlock. The rules hold for this thread and those that it starts, so another thread is an error. Returns
/// the wire::Protection bits that hold. Error: internal.
[[nodiscard]] Result<std::uint32_t> deny_files();

/// From here on, a system call that decoding has no use for ends the process; for all its threads. Returns
/// the wire::Protection bits that hold. Error: internal.
[[nodiscard]] Result<std::uint32_t> deny_system_calls();

}  // namespace safelight
