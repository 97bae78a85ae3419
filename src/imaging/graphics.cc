#include "imaging/graphics.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace safelight {
namespace {

/// How many of the row's pixels are like a neighbour; `above` is null for the first row.
std::size_t repeats_in(const std::uint8_t* row, const std::uint8_t* above, std::size_t width,
                       std::size_t channels) {
    std::size_t count = 0;
    for (std::size_t x = 0; x < width; ++x, row += channels) {
        const bool like_left = x > 0 && std::equal(row, row + channels, row - channels);
        const bool like_above = above != nullptr && std::equal(row, row + channels, above + x * channels);
        if (like_left || like_above) ++count;
    }
    return count;
}

}  // namespace

bool looks_like_graphics(const Pixels& pixels) {
    std::size_t repeats = 0;
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        repeats +=
            repeats_in(pixels.row(y), y == 0 ? nullptr : pixels.row(y - 1), pixels.width_px, pixels.channels);
    }
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    return repeats > 0 && 2 * repeats >= count;
}

}  // namespace safelight
