#include "imaging/round_corners.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "imaging/alpha.h"

namespace safelight {
namespace {

constexpr int grid = 16;  // points along each side of a pixel

/// The share of the pixel (x, y), counted from the corner, that lies within the circle of `radius` around
/// (radius, radius): 0–grid².
unsigned coverage(std::uint32_t x, std::uint32_t y, double radius) {
    // Most pixels are wholly in or out.
    const double distance = std::hypot(radius - x - 0.5, radius - y - 0.5);
    if (distance <= radius - 0.75) return grid * grid;
    if (distance >= radius + 0.75) return 0;
    unsigned inside = 0;
    for (int i = 0; i < grid; ++i) {
        const double down = radius - y - (i + 0.5) / grid;
        for (int j = 0; j < grid; ++j) {
            const double across = radius - x - (j + 0.5) / grid;
            inside += static_cast<unsigned>(across * across + down * down <= radius * radius);
        }
    }
    return inside;
}

void scale(std::uint8_t& alpha, unsigned share) {
    constexpr unsigned whole = grid * grid;
    alpha = static_cast<std::uint8_t>((alpha * share + whole / 2) / whole);
}

}  // namespace

Pixels round_corners(Pixels pixels, std::uint32_t radius_px) {
    if (radius_px == 0) return pixels;
    Pixels out = with_alpha(std::move(pixels));
    const std::uint32_t width = out.width_px;
    const std::uint32_t height = out.height_px;
    const double radius = std::min<double>(radius_px, std::min(width, height) / 2.0);
    // With half of an odd side as the radius, the pixel in the middle belongs to both corners: once.
    const auto across = static_cast<std::uint32_t>(std::ceil(radius));
    for (std::uint32_t y = 0; y < across; ++y) {
        for (std::uint32_t x = 0; x < across; ++x) {
            const unsigned share = coverage(x, y, radius);
            if (share == grid * grid) break;  // so is the rest of the row
            const std::array rows{out.row(y), out.row(height - 1 - y)};
            for (std::size_t i = 0; i < (height - 1 - y == y ? 1U : 2U); ++i) {
                scale(rows[i][(x + 1) * std::size_t{out.channels} - 1], share);
                const std::uint32_t mirrored = width - 1 - x;
                if (mirrored != x) scale(rows[i][(mirrored + 1) * std::size_t{out.channels} - 1], share);
            }
        }
    }
    return out;
}

}  // namespace safelight
