#include "imaging/resample/kernels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "imaging/resample/kernels_x86.h"
#include "imaging/resample/light.h"
#include "imaging/resample/taps.h"

namespace safelight {
namespace {

constexpr int half = 1 << (weight_bits - 1);

std::int16_t saturated(int value) {
    return static_cast<std::int16_t>(std::clamp<int>(value, std::numeric_limits<std::int16_t>::min(),
                                                     std::numeric_limits<std::int16_t>::max()));
}

template <std::uint32_t Channels>
void spread_light_of(const std::uint8_t* upper, const std::uint8_t* lower, std::size_t count,
                     std::size_t plane, std::int16_t* out) {
    const auto& light = light_of_srgb();
    for (std::size_t x = 0; x < count; ++x, upper += Channels, lower += Channels, out += 2) {
        for (std::uint32_t c = 0; c < Channels; ++c) {
            // One store for both: stores are what this loop is made of.
            const std::array<std::int16_t, 2> pair{light[upper[c]], light[lower[c]]};
            std::memcpy(out + 2 * c * plane, pair.data(), sizeof pair);
        }
    }
}

void spread_light_portable(const std::uint8_t* upper, const std::uint8_t* lower, std::uint32_t channels,
                           std::size_t count, std::size_t plane, std::int16_t* out) {
    if (channels == 3) return spread_light_of<3>(upper, lower, count, plane, out);
    spread_light_of<1>(upper, lower, count, plane, out);
}

void combine_rows_portable(std::span<const std::int16_t* const> rows, const std::int16_t* weights,
                           std::size_t lanes, std::int16_t* out) {
    for (std::size_t i = 0; i < lanes; ++i) {
        int sum = half;
        for (std::size_t p = 0; p < rows.size(); ++p) {
            sum += rows[p][2 * i] * weights[2 * p] + rows[p][2 * i + 1] * weights[2 * p + 1];
        }
        out[i] = saturated(sum >> weight_bits);
    }
}

void combine_columns_portable(const std::int16_t* samples, std::span<const std::uint32_t> first,
                              const std::int16_t* weights, std::size_t taps, std::int16_t* out) {
    for (std::size_t o = 0; o < first.size(); ++o, weights += taps) {
        int sum = half;
        for (std::size_t i = 0; i < taps; ++i) sum += samples[first[o] + i] * weights[i];
        out[o] = saturated(sum >> weight_bits);
    }
}

constexpr Kernels portable{"portable", spread_light_portable, combine_rows_portable,
                           combine_columns_portable};

}  // namespace

const Kernels& portable_kernels() {
    return portable;
}

std::span<const Kernels> available_kernels() {
    static const std::vector<Kernels> all = [] {
        std::vector<Kernels> kernels{portable};
        add_x86_kernels(kernels);
        return kernels;
    }();
    return all;
}

const Kernels& fastest_kernels() {
    return available_kernels().back();
}

}  // namespace safelight
