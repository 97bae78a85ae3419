#include "imaging/round_corners.h"

#include <algorithm>
#include <cmath>

#include "imaging/alpha.h"

namespace safelight {
namespace {

constexpr int grid = 16;  // points along each side of a pixel

/// How far a point lies from the circle's centre along an axis. What lies beyond the centre is no part of the
/// corner, unless the corner opposite has the same pixel, and the same centre.
double distance_to(double centre, double place, bool is_middle) {
    return is_middle ? centre - place : std::max(0.0, centre - place);
}

/// A pixel by its distance from the corner.
struct Place {
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    bool is_middle_column = false;
    bool is_middle_row = false;
};

/// The share of the pixel that lies within the circle of `radius` around (radius, radius): 0–grid².
unsigned coverage(const Place& pixel, double radius) {
    // Most pixels are wholly in or out.
    const double distance = std::hypot(radius - pixel.x - 0.5, radius - pixel.y - 0.5);
    if (distance <= radius - 0.75) return grid * grid;
    if (distance >= radius + 0.75) return 0;
    unsigned inside = 0;
    for (int i = 0; i < grid; ++i) {
        const double down = distance_to(radius, pixel.y + (i + 0.5) / grid, pixel.is_middle_row);
        for (int j = 0; j < grid; ++j) {
            const double across = distance_to(radius, pixel.x + (j + 0.5) / grid, pixel.is_middle_column);
            inside += static_cast<unsigned>(across * across + down * down <= radius * radius);
        }
    }
    return inside;
}

void scale_alpha(Pixels& pixels, std::uint32_t x, std::uint32_t y, unsigned share) {
    constexpr unsigned whole = grid * grid;
    std::uint8_t& alpha = pixels.row(y)[(x + 1) * std::size_t{pixels.channels} - 1];
    alpha = static_cast<std::uint8_t>((alpha * share + whole / 2) / whole);
}

}  // namespace

Pixels round_corners(Pixels pixels, std::uint32_t radius_px) {
    if (radius_px == 0) return pixels;
    Pixels out = with_alpha(std::move(pixels));
    const std::uint32_t width = out.width_px;
    const std::uint32_t height = out.height_px;
    const double radius = std::min<double>(radius_px, std::min(width, height) / 2.0);
    const auto side = static_cast<std::uint32_t>(std::ceil(radius));
    for (std::uint32_t y = 0; y < side; ++y) {
        const std::uint32_t below = height - 1 - y;
        for (std::uint32_t x = 0; x < side; ++x) {
            const std::uint32_t beside = width - 1 - x;
            const unsigned share = coverage({x, y, beside == x, below == y}, radius);
            if (share == grid * grid) break;  // so is the rest of the row
            scale_alpha(out, x, y, share);
            if (beside != x) scale_alpha(out, beside, y, share);
            if (below != y) scale_alpha(out, x, below, share);
            if (beside != x && below != y) scale_alpha(out, beside, below, share);
        }
    }
    return out;
}

}  // namespace safelight
