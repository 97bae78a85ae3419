#include "imaging/blur.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "imaging/resample/light.h"

namespace safelight {
namespace {

constexpr int passes = 3;
constexpr float steps = 2;  // of a stored value for each of light's: 2 * light_one still fits 16 bits
constexpr std::size_t columns_at_once = 16;
constexpr std::uint32_t rows_at_once = 16;

/// Weight `inner` up to `radius` from the centre, `outer` one further.
struct Box {
    std::ptrdiff_t radius = 0;
    double inner = 1;
    double outer = 0;
};

Box box_of(double variance) {
    const double radius = std::floor((std::sqrt(12 * variance + 1) - 1) / 2);
    const double width = 2 * radius + 1;
    const double share =
        width * (radius * (radius + 1) - 3 * variance) / (6 * (variance - (radius + 1) * (radius + 1)));
    const double sum = width + 2 * share;
    return {static_cast<std::ptrdiff_t>(radius), 1 / sum, share / sum};
}

/// Several lines side by side: sample i of lane l is at [i * lanes + l].
class LineBlur {
  public:
    LineBlur(const Box& box, std::size_t count, std::size_t lanes_max)
        : box_(box),
          count_(static_cast<std::ptrdiff_t>(count)),
          line_(count * lanes_max),
          other_(count * lanes_max),
          sums_(lanes_max) {}

    [[nodiscard]] float* line() { return line_.data(); }

    void run(std::size_t lanes) {
        for (int pass = 0; pass < passes; ++pass) {
            run_once(lanes);
            line_.swap(other_);
        }
    }

  private:
    [[nodiscard]] const float* at(std::ptrdiff_t i, std::size_t lanes) const {
        return line_.data() + static_cast<std::size_t>(std::clamp(i, std::ptrdiff_t{0}, count_ - 1)) * lanes;
    }

    void run_once(std::size_t lanes) {
        const std::ptrdiff_t radius = box_.radius;
        std::fill_n(sums_.begin(), lanes, 0.0);
        for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
            for (std::size_t l = 0; l < lanes; ++l) sums_[l] += at(i, lanes)[l];
        }
        float* out = other_.data();
        for (std::ptrdiff_t i = 0; i < count_; ++i, out += lanes) {
            const float* before = at(i - radius - 1, lanes);
            const float* after = at(i + radius + 1, lanes);
            const float* first = at(i - radius, lanes);
            for (std::size_t l = 0; l < lanes; ++l) {
                out[l] = static_cast<float>(box_.inner * sums_[l] +
                                            box_.outer * (static_cast<double>(before[l]) + after[l]));
                sums_[l] += static_cast<double>(after[l]) - first[l];
            }
        }
    }

    Box box_;
    std::ptrdiff_t count_;
    std::vector<float> line_;
    std::vector<float> other_;
    std::vector<double> sums_;  // of the box, one for each lane
};

void read_pixel(const std::uint8_t* pixel, std::uint32_t channels, float* out) {
    const auto& light = light_of_srgb();
    const std::uint32_t colours = has_alpha(channels) ? channels - 1 : channels;
    const float opacity = has_alpha(channels) ? static_cast<float>(pixel[colours]) / 255.0F : 1.0F;
    for (std::uint32_t c = 0; c < colours; ++c) out[c] = static_cast<float>(light[pixel[c]]) * opacity;
    if (has_alpha(channels)) out[colours] = opacity * light_one;
}

void write_pixel(const float* in, std::uint32_t channels, std::uint8_t* pixel) {
    const auto& srgb = srgb_of_light();
    const std::uint32_t colours = has_alpha(channels) ? channels - 1 : channels;
    const float opacity = has_alpha(channels) ? in[colours] / light_one : 1.0F;
    for (std::uint32_t c = 0; c < colours; ++c) {
        const float light = opacity > 0 ? in[c] / opacity : 0.0F;
        pixel[c] = srgb[static_cast<std::size_t>(std::clamp(light, 0.0F, float{light_one}) + 0.5F)];
    }
    if (has_alpha(channels)) pixel[colours] = static_cast<std::uint8_t>(opacity * 255.0F + 0.5F);
}

bool is_called_off(const StopCheck& stop) {
    return stop && stop();
}

std::unexpected<Error> called_off() {
    return failure(ErrorCode::cancelled, "The work was called off.");
}

}  // namespace

Status blur(Pixels& pixels, Hundredths sigma, const StopCheck& stop) {
    if (sigma == Hundredths{0} || pixels.samples.empty()) return {};
    const Box box = box_of(sigma.value() * sigma.value() / passes);
    const std::uint32_t channels = pixels.channels;
    const std::size_t row_samples = pixels.row_bytes();
    std::vector<std::uint16_t> across(pixels.samples.size());  // blurred along the rows, premultiplied light

    LineBlur rows(box, pixels.width_px, channels);
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        if (y % rows_at_once == 0 && is_called_off(stop)) return called_off();
        for (std::size_t i = 0; i < row_samples; i += channels) {
            read_pixel(pixels.row(y) + i, channels, rows.line() + i);
        }
        rows.run(channels);
        std::uint16_t* out = across.data() + y * row_samples;
        for (std::size_t i = 0; i < row_samples; ++i) {
            out[i] = static_cast<std::uint16_t>(rows.line()[i] * steps + 0.5F);
        }
    }

    const std::size_t lanes_max = columns_at_once * channels;
    LineBlur columns(box, pixels.height_px, lanes_max);
    for (std::size_t first = 0; first < row_samples; first += lanes_max) {
        if (is_called_off(stop)) return called_off();
        const std::size_t lanes = std::min(lanes_max, row_samples - first);
        float* line = columns.line();
        for (std::uint32_t y = 0; y < pixels.height_px; ++y, line += lanes) {
            const std::uint16_t* in = across.data() + y * row_samples + first;
            for (std::size_t l = 0; l < lanes; ++l) line[l] = static_cast<float>(in[l]) / steps;
        }
        columns.run(lanes);
        line = columns.line();
        for (std::uint32_t y = 0; y < pixels.height_px; ++y, line += lanes) {
            for (std::size_t l = 0; l < lanes; l += channels) {
                write_pixel(line + l, channels, pixels.row(y) + first + l);
            }
        }
    }
    return {};
}

}  // namespace safelight
