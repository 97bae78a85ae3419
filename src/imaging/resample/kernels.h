// The inner loops of resampling, in integers: every processor computes the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace safelight {

/// Lanes of a row come in blocks of this many.
inline constexpr std::size_t lane_block = 16;

/// Weights of one output of a row come in blocks of this many.
inline constexpr std::size_t tap_block = 8;

/// Two rows, one below the other, as pairs of light: out[2 * (c * plane + x)] =
/// light_of_srgb()[upper[x * channels + c]], and out[2 * (c * plane + x) + 1] the same of `lower`; for
/// `count` pixels, `channels` of 1 or 3. `out` begins at a multiple of 4 bytes. What lies between the planes
/// is left as it is.
using SpreadLight = void (*)(const std::uint8_t* upper, const std::uint8_t* lower, std::uint32_t channels,
                             std::size_t count, std::size_t plane, std::int16_t* out);

/// out[i] = Σ over pairs p of rows[p][2i] * weights[2p] + rows[p][2i + 1] * weights[2p + 1], scaled back by
/// weight_bits with rounding and saturated. `lanes` is a multiple of lane_block.
using CombineRows = void (*)(std::span<const std::int16_t* const> rows, const std::int16_t* weights,
                             std::size_t lanes, std::int16_t* out);

/// out[o] = Σ samples[first[o] + i] * weights[o * taps + i], scaled back by weight_bits with rounding and
/// saturated. `taps` is a multiple of tap_block.
using CombineColumns = void (*)(const std::int16_t* samples, std::span<const std::uint32_t> first,
                                const std::int16_t* weights, std::size_t taps, std::int16_t* out);

struct Kernels {
    const char* name;
    SpreadLight spread_light;
    CombineRows combine_rows;
    CombineColumns combine_columns;
};

/// Plain C++: the reference of the others.
[[nodiscard]] const Kernels& portable_kernels();

/// All that this processor can run, slowest first. Their number is small and does not change.
[[nodiscard]] std::span<const Kernels> available_kernels();

/// The last of available_kernels().
[[nodiscard]] const Kernels& fastest_kernels();

}  // namespace safelight
