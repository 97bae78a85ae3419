#include "imaging/orient.h"

#include <cstring>

namespace safelight {
namespace {

/// Where the pixel of a displayed position is stored: at start + x * step_x + y * step_y, in pixels.
struct Walk {
    std::ptrdiff_t start = 0;
    std::ptrdiff_t step_x = 0;
    std::ptrdiff_t step_y = 0;
};

Walk walk_of(Orientation orientation, std::ptrdiff_t width, std::ptrdiff_t height) {
    const std::ptrdiff_t last_column = width - 1;
    const std::ptrdiff_t last_row = (height - 1) * width;
    switch (orientation) {
        case Orientation::upright:
            return {0, 1, width};
        case Orientation::mirrored:
            return {last_column, -1, width};
        case Orientation::turned_180:
            return {last_row + last_column, -1, -width};
        case Orientation::mirrored_180:
            return {last_row, 1, -width};
        case Orientation::mirrored_270:
            return {0, width, 1};
        case Orientation::turned_90:
            return {last_row, -width, 1};
        case Orientation::mirrored_90:
            return {last_row + last_column, -width, -1};
        case Orientation::turned_270:
            return {last_column, width, -1};
    }
    return {0, 1, width};
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
                   pixels.channels);
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
