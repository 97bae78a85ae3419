#include "imaging/orient.h"

#include <cstring>

#include "imaging/mapping.h"

namespace safelight {
namespace {

/// Where the pixel of a displayed position is stored: at start + x * step_x + y * step_y, in pixels.
struct Walk {
    std::ptrdiff_t start = 0;
    std::ptrdiff_t step_x = 0;
    std::ptrdiff_t step_y = 0;
};

Walk walk_of(Orientation orientation, std::ptrdiff_t width, std::ptrdiff_t height) {
    const Mapping mapping = mapping_of(orientation);
    const std::ptrdiff_t column = mapping.mirrors_x ? -1 : 1;
    const std::ptrdiff_t row = mapping.mirrors_y ? -width : width;
    const std::ptrdiff_t start =
        (mapping.mirrors_x ? width - 1 : 0) + (mapping.mirrors_y ? (height - 1) * width : 0);
    return mapping.swaps ? Walk{start, row, column} : Walk{start, column, row};
}

template <std::size_t Channels>
void copy_turned(const Pixels& stored, const Walk& walk, Pixels& upright) {
    constexpr auto channels = static_cast<std::ptrdiff_t>(Channels);
    std::uint8_t* out = upright.samples.data();
    for (std::uint32_t y = 0; y < upright.height_px; ++y) {
        const std::uint8_t* in =
            stored.samples.data() + (walk.start + walk.step_y * std::ptrdiff_t{y}) * channels;
        for (std::uint32_t x = 0; x < upright.width_px; ++x, out += Channels) {
            std::memcpy(out, in + walk.step_x * std::ptrdiff_t{x} * channels, Channels);
        }
    }
}

}  // namespace

Pixels orient(Pixels pixels, Orientation orientation) {
    if (orientation == Orientation::upright || pixels.samples.empty()) return pixels;
    const Walk walk = walk_of(orientation, pixels.width_px, pixels.height_px);
    const bool swaps = swaps_sides(orientation);
    Pixels upright(swaps ? pixels.height_px : pixels.width_px, swaps ? pixels.width_px : pixels.height_px,
                   pixels.channels, pixels.gamut);
    switch (pixels.channels) {
        case 1:
            copy_turned<1>(pixels, walk, upright);
            break;
        case 2:
            copy_turned<2>(pixels, walk, upright);
            break;
        case 3:
            copy_turned<3>(pixels, walk, upright);
            break;
        default:
            copy_turned<4>(pixels, walk, upright);
            break;
    }
    return upright;
}

}  // namespace safelight
