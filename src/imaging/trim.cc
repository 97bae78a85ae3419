#include "imaging/trim.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "imaging/mapping.h"

namespace safelight {
namespace {

class Border {
  public:
    Border(const Pixels& stored, Orientation orientation, int tolerance)
        : stored_(stored), tolerance_(tolerance) {
        const Mapping mapping = mapping_of(orientation);
        const std::uint32_t x = mapping.mirrors_x ? stored.width_px - 1 : 0;
        const std::uint32_t y = mapping.mirrors_y ? stored.height_px - 1 : 0;
        std::copy_n(pixel(x, y), stored.channels, colour_.begin());
    }

    [[nodiscard]] bool has(std::uint32_t x, std::uint32_t y) const {
        const std::uint8_t* other = pixel(x, y);
        const std::uint32_t last = stored_.channels - 1;
        if (has_alpha(stored_.channels) && other[last] == 0 && colour_[last] == 0) return true;
        for (std::uint32_t c = 0; c < stored_.channels; ++c) {
            if (std::abs(int{other[c]} - int{colour_[c]}) > tolerance_) return false;
        }
        return true;
    }

    [[nodiscard]] bool has_row(std::uint32_t y) const {
        for (std::uint32_t x = 0; x < stored_.width_px; ++x) {
            if (!has(x, y)) return false;
        }
        return true;
    }

  private:
    [[nodiscard]] const std::uint8_t* pixel(std::uint32_t x, std::uint32_t y) const {
        return stored_.row(y) + std::size_t{x} * stored_.channels;
    }

    const Pixels& stored_;
    int tolerance_;
    std::array<std::uint8_t, 4> colour_{};
};

/// In stored pixels; rows first, so that the columns are looked for row by row, and only where they may
/// begin.
Region content_of(const Pixels& stored, const Border& border) {
    std::uint32_t top = 0;
    while (top < stored.height_px && border.has_row(top)) ++top;
    if (top == stored.height_px) return {0, 0, double(stored.width_px), double(stored.height_px)};
    std::uint32_t bottom = stored.height_px;
    while (border.has_row(bottom - 1)) --bottom;
    std::uint32_t left = stored.width_px;
    std::uint32_t right = 0;
    for (std::uint32_t y = top; y < bottom; ++y) {
        for (std::uint32_t x = 0; x < left; ++x) {
            if (!border.has(x, y)) left = x;
        }
        for (std::uint32_t x = stored.width_px; x > right; --x) {
            if (!border.has(x - 1, y)) right = x;
        }
    }
    return {double(left), double(top), double(right - left), double(bottom - top)};
}

}  // namespace

Region trimmed(const Pixels& stored, Orientation orientation, std::uint8_t tolerance) {
    const Region content = content_of(stored, Border(stored, orientation, tolerance));
    return as_displayed(content, orientation, stored.width_px, stored.height_px);
}

}  // namespace safelight
