// As much of ICC profiles as is needed to tell that nothing has to be converted.
#pragma once

#include <cstddef>
#include <span>

namespace safelight {

/// True when the profile describes sRGB: its primaries and its curve, within what 8 bits can show. False for
/// anything else, broken profiles included.
[[nodiscard]] bool is_srgb_profile(std::span<const std::byte> profile);

}  // namespace safelight
