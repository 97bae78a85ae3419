// What files say of their colours by numbers of ITU-T H.273 rather than by a profile.
#pragma once

#include <cstddef>
#include <span>

#include "image/format.h"

namespace safelight {

/// True when a PNG (its cICP chunk), AVIF or HEIC (the first colr box of type nclx) says that it is of
/// Display P3: primaries 12 with the curve of sRGB, 13. The file has been inspected.
[[nodiscard]] bool is_coded_display_p3(std::span<const std::byte> file, Format format);

}  // namespace safelight
