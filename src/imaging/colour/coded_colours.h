// What files say of their colours by numbers of ITU-T H.273 rather than by a profile.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "image/format.h"
#include "imaging/pixels.h"

namespace safelight {

/// What a PNG (its cICP chunk), AVIF or HEIC (the first colr box of type nclx) says of its colours: sRGB is
/// primaries 1, Display P3 primaries 12, both with the curve of sRGB, 13. Nothing when it says nothing, or
/// something else. The file has been inspected.
[[nodiscard]] std::optional<Gamut> coded_gamut(std::span<const std::byte> file, Format format);

}  // namespace safelight
