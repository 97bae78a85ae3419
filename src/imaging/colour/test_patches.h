// For tests: squares of known colours, in a row, and files of them.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "image/format.h"
#include "imaging/pixels.h"
#include "imaging/test_pictures.h"

namespace safelight::test {

using Sample = std::array<std::uint8_t, 3>;

inline constexpr std::uint32_t patch_px = 16;

/// The patches of a ColorChecker Classic in sRGB, as X-Rite gives them.
inline constexpr std::array<Sample, 24> colour_checker{
    {{115, 82, 68},   {194, 150, 130}, {98, 122, 157},  {87, 108, 67},   {133, 128, 177}, {103, 189, 170},
     {214, 126, 44},  {80, 91, 166},   {193, 90, 99},   {94, 60, 108},   {157, 188, 64},  {224, 163, 46},
     {56, 61, 150},   {70, 148, 73},   {175, 54, 60},   {231, 199, 31},  {187, 86, 149},  {8, 133, 161},
     {243, 243, 242}, {200, 200, 200}, {160, 160, 160}, {122, 122, 121}, {85, 85, 85},    {52, 52, 52}}};

/// What sRGB cannot show.
inline constexpr std::array<Sample, 6> saturated{
    {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}, {0, 230, 230}, {250, 20, 180}}};

/// Squares of patch_px, without gaps.
[[nodiscard]] Pixels patches(std::span<const Sample> colours);

/// What is in the middle of one of them.
[[nodiscard]] Sample patch(const Pixels& pixels, std::size_t index);

[[nodiscard]] Bytes png_of(const Pixels& pixels, std::span<const std::byte> profile);

/// The colour profile in a file, as other programs see it; empty when there is none.
[[nodiscard]] Bytes profile_in(const Bytes& file, Format format);

[[nodiscard]] bool holds_display_p3(const Bytes& file, Format format);

/// The first result of a transform that is expected to succeed.
[[nodiscard]] Bytes rendered_alone(const Bytes& file, const Transform& transform);

}  // namespace safelight::test
