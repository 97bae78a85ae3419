#include "imaging/salience.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <utility>
#include <vector>

namespace safelight {
namespace {

/// One pixel, encoded values in 0…1.
struct Sample {
    float red = 0;
    float green = 0;
    float blue = 0;
    float opacity = 1;

    [[nodiscard]] float luma() const { return 0.299F * red + 0.587F * green + 0.114F * blue; }
    [[nodiscard]] float chroma() const { return std::max({red, green, blue}) - std::min({red, green, blue}); }
    [[nodiscard]] bool is_skin() const {
        const float cb = 128 + 255 * 0.564F * (blue - luma());
        const float cr = 128 + 255 * 0.713F * (red - luma());
        return cb >= 77 && cb <= 127 && cr >= 133 && cr <= 173 && luma() > 0.2F;
    }
};

std::vector<Sample> samples_of(const Pixels& view) {
    std::vector<Sample> samples;
    samples.reserve(std::size_t{view.width_px} * view.height_px);
    const std::size_t green = view.channels >= 3 ? 1 : 0;
    for (std::size_t i = 0; i < view.samples.size(); i += view.channels) {
        const std::uint8_t* pixel = view.samples.data() + i;
        const auto value = [](std::uint8_t sample) { return static_cast<float>(sample) / 255.0F; };
        samples.push_back({value(pixel[0]), value(pixel[green]), value(pixel[2 * green]),
                           has_alpha(view.channels) ? value(pixel[view.channels - 1]) : 1.0F});
    }
    return samples;
}

/// In pixels of the view.
struct Window {
    std::uint32_t width = 1;
    std::uint32_t height = 1;
};

Window window_of(const Pixels& view, double width, double height) {
    const auto side = [](double share, std::uint32_t whole) {
        return static_cast<std::uint32_t>(std::clamp(std::floor(share * whole + 0.5), 1.0, double(whole)));
    };
    return {side(width, view.width_px), side(height, view.height_px)};
}

/// Where a window's top left pixel can be.
struct Place {
    std::uint32_t x = 0;
    std::uint32_t y = 0;
};

/// Calls `visit` with every place that a window can have, row by row.
template <class Visit>
void for_each_place(const Pixels& view, const Window& window, Visit visit) {
    for (std::uint32_t y = 0; y + window.height <= view.height_px; ++y) {
        for (std::uint32_t x = 0; x + window.width <= view.width_px; ++x) visit(Place{x, y});
    }
}

/// Remembers the place whose middle is nearest to a point; the first of several.
class Nearest {
  public:
    Nearest(const Window& window, double x, double y)
        : x_(x - window.width / 2.0), y_(y - window.height / 2.0) {}

    void offer(const Place& place) {
        const double distance = std::hypot(place.x - x_, place.y - y_);
        if (distance >= distance_) return;
        distance_ = distance;
        place_ = place;
    }
    [[nodiscard]] Place place() const { return place_; }

  private:
    double x_;  // of the window's corner, with the point in the middle
    double y_;
    double distance_ = HUGE_VAL;
    Place place_;
};

Fractions fractions_of(const Place& place, const Pixels& view, const Window& window) {
    const auto share = [](std::uint32_t before, std::uint32_t room) {
        return room == 0 ? 0.5 : static_cast<double>(before) / room;
    };
    return {share(place.x, view.width_px - window.width), share(place.y, view.height_px - window.height)};
}

/// Of each pixel of the view, how much it draws the eye.
std::vector<float> attention_of(const Pixels& view) {
    const std::vector<Sample> samples = samples_of(view);
    float mean_chroma = 0;
    for (const Sample& sample : samples) mean_chroma += sample.chroma();
    mean_chroma /= static_cast<float>(samples.size());
    std::vector<float> attention;
    attention.reserve(samples.size());
    const auto luma = [&](std::uint32_t x, std::uint32_t y) {
        return samples[std::size_t{y} * view.width_px + x].luma();
    };
    for (std::uint32_t y = 0; y < view.height_px; ++y) {
        for (std::uint32_t x = 0; x < view.width_px; ++x) {
            const Sample& sample = samples[std::size_t{y} * view.width_px + x];
            const float across = luma(std::min(x + 1, view.width_px - 1), y) - luma(std::max(x, 1U) - 1, y);
            const float down = luma(x, std::min(y + 1, view.height_px - 1)) - luma(x, std::max(y, 1U) - 1);
            const float edge = std::min(1.0F, 2 * std::hypot(across, down));
            const float colour = std::max(0.0F, sample.chroma() - mean_chroma);
            attention.push_back(sample.opacity * (edge + colour + (sample.is_skin() ? 0.5F : 0.0F)));
        }
    }
    return attention;
}

/// Sums of any rectangle of a map, at once.
class SummedArea {
  public:
    SummedArea(const std::vector<float>& map, std::uint32_t width, std::uint32_t height)
        : stride_(width + 1), sums_((width + std::size_t{1}) * (height + std::size_t{1})) {
        for (std::size_t y = 0; y < height; ++y) {
            double row = 0;
            for (std::size_t x = 0; x < width; ++x) {
                row += map[y * width + x];
                sums_[(y + 1) * stride_ + x + 1] = sums_[y * stride_ + x + 1] + row;
            }
        }
    }

    [[nodiscard]] double of(const Place& place, const Window& window) const {
        const auto at = [&](std::size_t x, std::size_t y) { return sums_[y * stride_ + x]; };
        const std::size_t right = place.x + std::size_t{window.width};
        const std::size_t bottom = place.y + std::size_t{window.height};
        return at(right, bottom) - at(place.x, bottom) - at(right, place.y) + at(place.x, place.y);
    }

  private:
    std::size_t stride_;
    std::vector<double> sums_;
};

/// The middle of what draws the eye within a window.
Nearest middle_of_attention(const std::vector<float>& attention, std::uint32_t view_width, const Place& place,
                            const Window& window) {
    double sum = 0;
    double x_sum = 0;
    double y_sum = 0;
    for (std::uint32_t y = place.y; y < place.y + window.height; ++y) {
        for (std::uint32_t x = place.x; x < place.x + window.width; ++x) {
            const double value = attention[std::size_t{y} * view_width + x];
            sum += value;
            x_sum += value * (x + 0.5);
            y_sum += value * (y + 0.5);
        }
    }
    return {window, x_sum / sum, y_sum / sum};
}

constexpr std::size_t luma_steps = 64;
constexpr std::size_t transparent_step = luma_steps;
using Histogram = std::array<std::uint32_t, luma_steps + 1>;

std::vector<std::uint8_t> steps_of(const Pixels& view) {
    std::vector<std::uint8_t> steps;
    for (const Sample& sample : samples_of(view)) {
        const auto step = static_cast<std::size_t>(sample.luma() * luma_steps);
        steps.push_back(static_cast<std::uint8_t>(sample.opacity < 0.5F ? transparent_step
                                                                        : std::min(step, luma_steps - 1)));
    }
    return steps;
}

/// Entropy of a window, but for constants that are the same for all of its size: −Σ n·log n.
class Information {
  public:
    Information(const Pixels& view, const Window& window)
        : window_(window), width_(view.width_px), steps_(steps_of(view)) {
        terms_.reserve(std::size_t{window.width} * window.height + 1);
        terms_.push_back(0);
        for (std::size_t n = 1; n <= std::size_t{window.width} * window.height; ++n)
            terms_.push_back(static_cast<double>(n) * std::log(static_cast<double>(n)));
    }

    /// Places come row by row, as for_each_place has them.
    double of(const Place& place) {
        if (place.x == 0) {
            counts_ = {};
            for (std::uint32_t x = 0; x < window_.width; ++x) count_column(x, place.y, 1);
        } else {
            count_column(place.x - 1, place.y, ~0U);
            count_column(place.x + window_.width - 1, place.y, 1);
        }
        double sum = 0;
        for (const std::uint32_t count : counts_) sum += terms_[count];
        return -sum;
    }

  private:
    /// `change` is 1, or that less in the arithmetic of 32 bits.
    void count_column(std::uint32_t x, std::uint32_t top, std::uint32_t change) {
        for (std::uint32_t y = top; y < top + window_.height; ++y)
            counts_[steps_[std::size_t{y} * width_ + x]] += change;
    }

    Window window_;
    std::size_t width_;
    std::vector<std::uint8_t> steps_;
    std::vector<double> terms_;  // n·log n
    Histogram counts_{};
};

}  // namespace

Fractions fractions_by_attention(const Pixels& view, double width, double height) {
    constexpr double nearly = 0.98;
    const Window window = window_of(view, width, height);
    const std::vector<float> attention = attention_of(view);
    const SummedArea sums(attention, view.width_px, view.height_px);
    Place best;
    double most = 0;
    for_each_place(view, window, [&](const Place& place) {
        if (sums.of(place, window) <= most) return;
        most = sums.of(place, window);
        best = place;
    });
    Nearest nearest = most > 0 ? middle_of_attention(attention, view.width_px, best, window)
                               : Nearest(window, view.width_px / 2.0, view.height_px / 2.0);
    for_each_place(view, window, [&](const Place& place) {
        if (sums.of(place, window) >= nearly * most) nearest.offer(place);
    });
    return fractions_of(nearest.place(), view, window);
}

Fractions fractions_by_entropy(const Pixels& view, double width, double height) {
    constexpr double tolerance = 1e-9;  // of sums in another order
    const Window window = window_of(view, width, height);
    Information information(view, window);
    std::vector<std::pair<double, Place>> found;
    for_each_place(view, window,
                   [&](const Place& place) { found.emplace_back(information.of(place), place); });
    const double most = std::ranges::max(found, {}, [](const auto& each) { return each.first; }).first;
    std::erase_if(found, [&](const auto& each) { return each.first < most - tolerance * std::abs(most); });
    double x = 0;
    double y = 0;
    for (const auto& [value, place] : found) {
        x += place.x;
        y += place.y;
    }
    const auto count = static_cast<double>(found.size());
    Nearest nearest(window, x / count + window.width / 2.0, y / count + window.height / 2.0);
    for (const auto& [value, place] : found) nearest.offer(place);
    return fractions_of(nearest.place(), view, window);
}

}  // namespace safelight
