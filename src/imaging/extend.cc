#include "imaging/extend.h"

#include <array>
#include <cstring>

#include "imaging/flatten.h"

namespace safelight {

Pixels extend(Pixels pixels, const Canvas& canvas, Colour colour) {
    if (canvas.width_px == pixels.width_px && canvas.height_px == pixels.height_px) return pixels;
    if (!is_grey(colour)) pixels = to_rgb(std::move(pixels));
    std::array<std::uint8_t, 4> fill{colour.red, colour.green, colour.blue, 0};
    if (pixels.channels == 2) fill[1] = 0;
    Pixels out(canvas.width_px, canvas.height_px, pixels.channels, pixels.gamut);
    for (std::size_t i = 0; i < out.samples.size(); i += out.channels) {
        std::memcpy(out.samples.data() + i, fill.data(), out.channels);
    }
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        std::uint8_t* row = out.row(canvas.top_px + y) + std::size_t{canvas.left_px} * out.channels;
        std::memcpy(row, pixels.row(y), pixels.row_bytes());
    }
    return out;
}

}  // namespace safelight
