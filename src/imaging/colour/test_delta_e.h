// Colours and their differences, in floating point and apart from what is tested.
#pragma once

#include <array>
#include <cstdint>

namespace safelight::test {

using Triple = std::array<double, 3>;

struct Lab {
    double lightness = 0;
    double a = 0;
    double b = 0;
};

/// CIEDE2000 (CIE 142-2001, ISO/CIE 11664-6), with all weights 1. As G. Sharma, W. Wu and E. N. Dalal put it:
/// "The CIEDE2000 color-difference formula: implementation notes, supplementary test data, and mathematical
/// observations", Color Research and Application 30 (1), 2005.
[[nodiscard]] double delta_e_2000(const Lab& one, const Lab& other);

/// CIE 15: from XYZ relative to a white of D50.
[[nodiscard]] Lab lab_of_xyz(const Triple& xyz);

/// The transfer curve of IEC 61966-2-1, on 0…1.
[[nodiscard]] double light_of(double encoded);
[[nodiscard]] double encoded_of(double light);

/// XYZ at D50 of 8-bit samples in sRGB or Display P3: by their chromaticities, adapted from D65 by Bradford's
/// method.
[[nodiscard]] Triple xyz_of_srgb(const std::array<std::uint8_t, 3>& rgb);
[[nodiscard]] Triple xyz_of_display_p3(const std::array<std::uint8_t, 3>& rgb);

/// The nearest 8-bit samples in Display P3 of a colour that it can show.
[[nodiscard]] std::array<std::uint8_t, 3> display_p3_of_srgb(const std::array<std::uint8_t, 3>& rgb);

}  // namespace safelight::test
