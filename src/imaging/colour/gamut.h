// The two RGB spaces that results come in. Both have the same white and the same transfer curve, that of
// sRGB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "image/colour.h"
#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// An ICC profile (version 4, matrix and curve) of Display P3; below a kilobyte. It lives as long as the
/// process.
[[nodiscard]] std::span<const std::byte> display_p3_profile();

/// The gamut of grey or RGB samples that need no conversion: those with no profile, or with one that is sRGB;
/// or that is Display P3, when it may stay. Nothing for any other profile.
[[nodiscard]] std::optional<Gamut> plain_gamut(std::span<const std::byte> profile, bool is_grey, Icc icc);

/// The same colour in the samples of a gamut.
[[nodiscard]] Colour in_gamut(Colour srgb, Gamut gamut);

/// The same for a picture. Grey is the same in all.
[[nodiscard]] Pixels in_gamut(Pixels srgb, Gamut gamut);

}  // namespace safelight
