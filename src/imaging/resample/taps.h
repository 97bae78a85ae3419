// The weights of a resampling kernel along one axis, in fixed point.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace safelight {

/// 1.0 as a weight.
inline constexpr int weight_one = 1 << 14;
inline constexpr int weight_bits = 14;

/// For each output position: `count` weights for the source positions from `first` on. Weights of one output
/// sum to weight_one exactly, so that a constant stays constant. Positions past the source have weight 0.
struct Taps {
    std::uint32_t count = 0;
    std::vector<std::uint32_t> first;
    std::vector<std::uint32_t> last;  // the last source position whose weight counts
    std::vector<std::int16_t> weights;

    [[nodiscard]] std::span<const std::int16_t> weights_of(std::size_t output) const {
        return std::span(weights).subspan(output * count, count);
    }
};

/// Positions of a source, the first and the last one.
struct Window {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

/// Lanczos with three lobes, widened when shrinking so that nothing aliases. Maps the part [offset, offset +
/// extent) of the source on `target_px` samples; the kernel may look beyond the part but not beyond
/// `visible`, which is not far from any of it. `first` is made a multiple of `alignment`, and `count` a
/// multiple of `grain`.
[[nodiscard]] Taps make_taps(const Window& visible, double offset, double extent, std::uint32_t target_px,
                             std::uint32_t alignment, std::uint32_t grain);

}  // namespace safelight
