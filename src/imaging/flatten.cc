#include "imaging/flatten.h"

#include <array>

namespace safelight {
namespace {

constexpr std::uint8_t over(std::uint32_t sample, std::uint32_t alpha, std::uint32_t background) {
    return static_cast<std::uint8_t>((sample * alpha + background * (255 - alpha) + 127) / 255);
}

}  // namespace

Pixels flatten(Pixels pixels, Colour background) {
    if (!has_alpha(pixels.channels)) return pixels;
    if (!is_grey(background)) pixels = to_rgb(std::move(pixels));
    const std::array<std::uint32_t, 3> below{background.red, background.green, background.blue};
    const std::uint32_t colours = pixels.channels - 1;
    Pixels flat(pixels.width_px, pixels.height_px, colours, pixels.gamut);
    const std::uint8_t* in = pixels.samples.data();
    std::uint8_t* out = flat.samples.data();
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    for (std::size_t i = 0; i < count; ++i, in += pixels.channels) {
        for (std::uint32_t channel = 0; channel < colours; ++channel)
            *out++ = over(in[channel], in[colours], below[channel]);
    }
    return flat;
}

Pixels to_rgb(Pixels pixels) {
    if (pixels.channels >= 3) return pixels;
    Pixels rgb(pixels.width_px, pixels.height_px, pixels.channels + 2, pixels.gamut);
    const std::uint8_t* in = pixels.samples.data();
    std::uint8_t* out = rgb.samples.data();
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    for (std::size_t i = 0; i < count; ++i, in += pixels.channels) {
        for (int channel = 0; channel < 3; ++channel) *out++ = in[0];
        if (has_alpha(pixels.channels)) *out++ = in[1];
    }
    return rgb;
}

}  // namespace safelight
