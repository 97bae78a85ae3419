#include "imaging/flatten.h"

namespace safelight {
namespace {

/// In the encoded values, as browsers composite: what people see on a white page is what they get.
constexpr std::uint8_t over_white(std::uint32_t sample, std::uint32_t alpha) {
    return static_cast<std::uint8_t>((sample * alpha + 255 * (255 - alpha) + 127) / 255);
}

}  // namespace

Pixels flatten(Pixels pixels) {
    if (!has_alpha(pixels.channels)) return pixels;
    const std::uint32_t colours = pixels.channels - 1;
    Pixels flat(pixels.width_px, pixels.height_px, colours);
    const std::uint8_t* in = pixels.samples.data();
    std::uint8_t* out = flat.samples.data();
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    for (std::size_t i = 0; i < count; ++i, in += pixels.channels) {
        for (std::uint32_t channel = 0; channel < colours; ++channel)
            *out++ = over_white(in[channel], in[colours]);
    }
    return flat;
}

}  // namespace safelight
