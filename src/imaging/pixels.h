// Decoded pixels: 8 bits a channel, interleaved, sRGB or Display P3 (or grey with their curve), alpha last
// and not premultiplied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace safelight {

/// 1: grey, 2: grey and alpha, 3: RGB, 4: RGBA.
[[nodiscard]] constexpr bool has_alpha(std::uint32_t channels) {
    return channels % 2 == 0;
}

enum class Gamut { srgb, display_p3 };

struct Pixels {
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::uint32_t channels = 0;
    std::vector<std::uint8_t> samples;
    Gamut gamut = Gamut::srgb;  // set by decoding; what is made from these pixels has it, too

    Pixels() = default;
    Pixels(std::uint32_t width, std::uint32_t height, std::uint32_t channel_count,
           Gamut colours = Gamut::srgb)
        : width_px(width),
          height_px(height),
          channels(channel_count),
          samples(std::size_t{width} * height * channel_count),
          gamut(colours) {}

    [[nodiscard]] std::size_t row_bytes() const { return std::size_t{width_px} * channels; }
    [[nodiscard]] std::uint8_t* row(std::uint32_t y) { return samples.data() + y * row_bytes(); }
    [[nodiscard]] const std::uint8_t* row(std::uint32_t y) const { return samples.data() + y * row_bytes(); }
};

}  // namespace safelight
