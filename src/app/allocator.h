// How the process' heap is tuned.
#pragma once

namespace safelight::app {

/// Keeps what was once needed for a large picture from staying with every thread for ever. Call before other
/// threads exist. Does nothing where the C library is not glibc.
void tune_allocator();

}  // namespace safelight::app
