// A renderer process: what runs on the far side of the sandboxed renderer's socket.
#pragma once

#include "base/descriptor.h"

namespace safelight {

/// Where the server puts the socket when it starts the process.
inline constexpr int renderer_socket = 3;

/// Warms the codecs up, locks the process in, says hello, and answers requests until the other end is closed.
/// Whatever cannot be locked is told to the other end, which decides. Call it first thing in `main`: there
/// must be no other thread. Returns the exit code.
[[nodiscard]] int run_renderer_program(Descriptor socket);

}  // namespace safelight
