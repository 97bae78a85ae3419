// As much of ICC profiles as is needed to tell that nothing has to be converted, and what would be lost.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace safelight {

/// Red, green and blue as XYZ, adapted to the D50 of the profile connection space.
using Primaries = std::array<std::array<double, 3>, 3>;

/// Chromaticities of SMPTE EG 432-1 with the white of D65.
inline constexpr Primaries display_p3_primaries{
    {{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}}};

/// True when the profile describes sRGB: its primaries and its curve, within what 8 bits can show. False for
/// anything else, broken profiles included.
[[nodiscard]] bool is_srgb_profile(std::span<const std::byte> profile);

/// The same for Display P3, which has the curve of sRGB.
[[nodiscard]] bool is_display_p3_profile(std::span<const std::byte> profile);

/// True for an RGB profile of primaries alone that can show colours which sRGB cannot: Display P3, Adobe RGB,
/// Rec. 2020, … False for profiles with tables, and broken ones.
[[nodiscard]] bool has_wide_gamut(std::span<const std::byte> profile);

/// True for a profile with tables for the perceptual intent alone. Little CMS turns it down for any other.
[[nodiscard]] bool is_perceptual_only(std::span<const std::byte> profile);

}  // namespace safelight
