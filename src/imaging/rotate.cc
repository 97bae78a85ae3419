#include "imaging/rotate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "imaging/resample/light.h"

namespace safelight {
namespace {

constexpr std::uint32_t rows_at_once = 16;
constexpr std::size_t reach = 4;  // pixels along each axis that a sample is made from
using Weights = std::array<float, reach>;

struct Angle {
    explicit Angle(Hundredths degrees)
        : cosine(std::cos(degrees.value() * std::numbers::pi / 180)),
          sine(std::sin(degrees.value() * std::numbers::pi / 180)) {}

    double cosine;
    double sine;
};

/// Of the four pixels around a place that lies `t` (0–1) beyond the second one's centre.
Weights weights_of(float t) {
    const float u = 1 - t;
    return {-0.5F * t * u * u, 1 + t * t * (1.5F * t - 2.5F), 1 + u * u * (1.5F * u - 2.5F),
            -0.5F * u * t * t};
}

/// Light of each encoded sample, and opacity of each alpha, in 0…1.
struct Tables {
    std::array<float, 256> light{};
    std::array<float, 256> opacity{};

    Tables() {
        for (std::size_t i = 0; i < light.size(); ++i) {
            light[i] = static_cast<float>(light_of_srgb()[i]) / light_one;
            opacity[i] = static_cast<float>(i) / 255.0F;
        }
    }
};

/// Samples of one picture at any place. Beyond its edges there is nothing.
template <std::uint32_t Channels>
class Sampler {
  public:
    static constexpr std::uint32_t colours = has_alpha(Channels) ? Channels - 1 : Channels;

    explicit Sampler(const Pixels& pixels) : pixels_(pixels) {}

    /// The pixel at the place (x, y), where (0, 0) is the top left pixel's centre, to `out`: colours, then
    /// alpha.
    void sample(double x, double y, std::uint8_t* out) const {
        const double left = std::floor(x);
        const double top = std::floor(y);
        const Weights across = weights_of(static_cast<float>(x - left));
        const Weights down = weights_of(static_cast<float>(y - top));
        const auto first_x = static_cast<std::ptrdiff_t>(left) - 1;
        const auto first_y = static_cast<std::ptrdiff_t>(top) - 1;
        std::array<float, colours + 1> sums{};
        for (std::size_t j = 0; j < reach; ++j) {
            const std::ptrdiff_t row = first_y + static_cast<std::ptrdiff_t>(j);
            if (row < 0 || row >= std::ptrdiff_t{pixels_.height_px}) continue;
            add_row(pixels_.row(static_cast<std::uint32_t>(row)), first_x, across, down[j], sums);
        }
        encode(sums, out);
    }

  private:
    using Sums = std::array<float, colours + 1>;

    void add_row(const std::uint8_t* row, std::ptrdiff_t first, const Weights& across, float down,
                 Sums& sums) const {
        const std::ptrdiff_t width = pixels_.width_px;
        const auto begin = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, -first));
        const auto end = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(width - first, 0, reach));
        for (std::size_t i = begin; i < end; ++i) {
            const std::uint8_t* pixel = row + (first + static_cast<std::ptrdiff_t>(i)) * Channels;
            float weight = across[i] * down;
            if constexpr (has_alpha(Channels)) weight *= tables_.opacity[pixel[colours]];
            for (std::uint32_t c = 0; c < colours; ++c) sums[c] += weight * tables_.light[pixel[c]];
            sums[colours] += weight;
        }
    }

    static void encode(const Sums& sums, std::uint8_t* out) {
        const auto& srgb = srgb_of_light();
        const float opacity = sums[colours];
        const auto alpha = static_cast<std::uint8_t>(std::clamp(opacity, 0.0F, 1.0F) * 255.0F + 0.5F);
        for (std::uint32_t c = 0; c < colours; ++c) {
            const float light = alpha > 0 ? std::clamp(sums[c] / opacity, 0.0F, 1.0F) : 0.0F;
            out[c] = srgb[static_cast<std::size_t>(light * light_one + 0.5F)];
        }
        out[colours] = alpha;
    }

    const Pixels& pixels_;
    const Tables tables_;
};

template <std::uint32_t Channels>
Result<Pixels> rotated(const Pixels& pixels, const Angle& angle, const Sides& sides, const StopCheck& stop) {
    const Sampler<Channels> sampler(pixels);
    constexpr std::uint32_t out_channels = Sampler<Channels>::colours + 1;
    Pixels out(static_cast<std::uint32_t>(sides.width), static_cast<std::uint32_t>(sides.height),
               out_channels, pixels.gamut);
    // Places of pixels' centres, from the centre of the canvas and from the top left pixel of the picture.
    const double centre_x = (pixels.width_px - 1) / 2.0;
    const double centre_y = (pixels.height_px - 1) / 2.0;
    for (std::uint32_t row = 0; row < out.height_px; ++row) {
        if (row % rows_at_once == 0 && stop && stop())
            return failure(ErrorCode::cancelled, "The work was called off.");
        const double down = row - (out.height_px - 1) / 2.0;
        std::uint8_t* to = out.row(row);
        for (std::uint32_t column = 0; column < out.width_px; ++column, to += out_channels) {
            const double across = column - (out.width_px - 1) / 2.0;
            const double x = centre_x + across * angle.cosine + down * angle.sine;
            const double y = centre_y - across * angle.sine + down * angle.cosine;
            const bool is_outside =
                x < -2 || y < -2 || x > pixels.width_px + 1.0 || y > pixels.height_px + 1.0;
            if (!is_outside) sampler.sample(x, y, to);
        }
    }
    return out;
}

}  // namespace

Sides rotated_sides(double width, double height, Hundredths degrees) {
    const Angle angle(degrees);
    // Rounding errors are not worth a row of nothing.
    constexpr double tolerance = 1e-6;
    const double wide = width * std::abs(angle.cosine) + height * std::abs(angle.sine);
    const double high = width * std::abs(angle.sine) + height * std::abs(angle.cosine);
    return {std::max(1.0, std::ceil(wide - tolerance)), std::max(1.0, std::ceil(high - tolerance))};
}

Point rotated_point(const Point& point, double width, double height, Hundredths degrees) {
    const Angle angle(degrees);
    const Sides sides = rotated_sides(width, height, degrees);
    const double x = point.x - width / 2;
    const double y = point.y - height / 2;
    return {sides.width / 2 + x * angle.cosine - y * angle.sine,
            sides.height / 2 + x * angle.sine + y * angle.cosine};
}

Result<Pixels> rotate(const Pixels& pixels, Hundredths degrees, const StopCheck& stop) {
    const Angle angle(degrees);
    const Sides sides = rotated_sides(pixels.width_px, pixels.height_px, degrees);
    switch (pixels.channels) {
        case 1:
            return rotated<1>(pixels, angle, sides, stop);
        case 2:
            return rotated<2>(pixels, angle, sides, stop);
        case 3:
            return rotated<3>(pixels, angle, sides, stop);
        default:
            return rotated<4>(pixels, angle, sides, stop);
    }
}

}  // namespace safelight
