// Random bytes from the operating system.
#pragma once

#include <cstdint>
#include <span>

namespace safelight {

/// Cryptographically secure; any thread may call. Ends the process if the system has no randomness to give.
void fill_random(std::span<std::uint8_t> out);

/// Uniform in [0, 1): for jitter.
[[nodiscard]] double random_fraction();

}  // namespace safelight
