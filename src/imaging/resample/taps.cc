#include "imaging/resample/taps.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace safelight {
namespace {

constexpr double lobes = 3;

constexpr int table_steps = 1024;  // for each unit; the error of interpolating is below that of the weights

std::vector<double> make_lanczos_table() {
    std::vector<double> table;
    for (int i = 0; i <= static_cast<int>(lobes) * table_steps + 1; ++i) {
        const double angle = std::numbers::pi * i / table_steps;
        const bool inside = i < static_cast<int>(lobes) * table_steps;
        table.push_back(i == 0   ? 1.0
                        : inside ? lobes * std::sin(angle) * std::sin(angle / lobes) / (angle * angle)
                                 : 0.0);
    }
    return table;
}

const std::vector<double>& lanczos_table() {
    static const std::vector<double> table = make_lanczos_table();
    return table;
}

double lanczos(const double* table, double x) {
    const double at = std::min(std::abs(x), lobes) * table_steps;
    const auto low = static_cast<std::size_t>(at);
    return table[low] + (table[low + 1] - table[low]) * (at - static_cast<double>(low));
}

/// Rounds to fixed point; what the rounding lost or won goes to the largest weight.
void quantise(std::span<const double> exact, std::span<std::int16_t> out) {
    double sum = 0;
    for (const double weight : exact) sum += weight;
    const double scale = weight_one / sum;
    int total = 0;
    std::size_t largest = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        // To the nearest; what is cut off of a positive number is what floor() takes.
        out[i] =
            static_cast<std::int16_t>(static_cast<int>(exact[i] * scale + weight_one + 0.5) - weight_one);
        total += out[i];
        if (out[i] > out[largest]) largest = i;
    }
    out[largest] = static_cast<std::int16_t>(out[largest] + weight_one - total);
}

/// The source positions that a kernel around `centre` covers: at least one.
Window window_of(double centre, double radius, const Window& visible) {
    const double highest = visible.last;
    const double first = std::clamp(std::ceil(centre - radius), static_cast<double>(visible.first), highest);
    const double last = std::clamp(std::floor(centre + radius), first, highest);
    return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)};
}

}  // namespace

Taps make_taps(const Window& visible, double offset, double extent, std::uint32_t target_px,
               std::uint32_t alignment, std::uint32_t grain) {
    const double step = extent / target_px;
    const double stretch = std::max(1.0, step);
    const double radius = lobes * stretch;
    const double density = 1 / stretch;
    const double* const table = lanczos_table().data();
    std::vector<Window> windows(target_px);
    Taps taps;
    taps.first.reserve(target_px);
    taps.last.reserve(target_px);
    for (std::uint32_t o = 0; o < target_px; ++o) {
        const double centre = offset + (o + 0.5) * step - 0.5;
        windows[o] = window_of(centre, radius, visible);
        taps.first.push_back(windows[o].first / alignment * alignment);
        taps.last.push_back(windows[o].last);
        taps.count = std::max(taps.count, windows[o].last - taps.first[o] + 1);
    }
    taps.count = (taps.count + grain - 1) / grain * grain;
    taps.weights.assign(std::size_t{target_px} * taps.count, 0);
    std::vector<double> exact;
    for (std::uint32_t o = 0; o < target_px; ++o) {
        const double centre = offset + (o + 0.5) * step - 0.5;
        const Window window = windows[o];
        exact.clear();
        for (std::uint32_t s = window.first; s <= window.last; ++s)
            exact.push_back(lanczos(table, (s - centre) * density));
        const std::size_t at = std::size_t{o} * taps.count + (window.first - taps.first[o]);
        quantise(exact, std::span(taps.weights).subspan(at, exact.size()));
    }
    return taps;
}

}  // namespace safelight
