// Between encoded sRGB samples and linear light in fixed point.
#pragma once

#include <array>
#include <cstdint>

namespace safelight {

/// 1.0 in linear light. 14 bits leave room in an int16 for the overshoot of a sharpening kernel, and keep
/// five steps between the two darkest of the 256 encoded values.
inline constexpr int light_one = 1 << 14;

/// Linear light of an encoded sample.
[[nodiscard]] const std::array<std::int16_t, 256>& light_of_srgb();

/// The nearest encoded sample of a light in 0…light_one.
[[nodiscard]] const std::array<std::uint8_t, light_one + 1>& srgb_of_light();

}  // namespace safelight
