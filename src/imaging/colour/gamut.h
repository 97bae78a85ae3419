// The two RGB spaces that results come in. Both have the same white and the same transfer curve, that of
// sRGB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "image/colour.h"
#include "imaging/pixels.h"

namespace safelight {

/// An ICC profile (version 4, matrix and curve) of Display P3; below a kilobyte. It lives as long as the
/// process.
[[nodiscard]] std::span<const std::byte> display_p3_profile();

/// The same colour in the samples of a gamut.
[[nodiscard]] Colour in_gamut(Colour srgb, Gamut gamut);

/// The same for a picture. Grey is the same in all.
[[nodiscard]] Pixels in_gamut(Pixels srgb, Gamut gamut);

}  // namespace safelight
