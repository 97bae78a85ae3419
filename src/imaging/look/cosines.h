// The few lowest frequencies of a small plane of samples: what ThumbHash and BlurHash are made of.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace safelight {

/// frequency(x, y) = Σ sample(i, j) · cos(π·x·(i + offset) / width) · cos(π·y·(j + offset) / height), row by
/// row for x below `across` and y below `down`; not normalised. `plane` has width × height samples.
[[nodiscard]] std::vector<double> frequencies_of(std::span<const double> plane, std::uint32_t width,
                                                 std::uint32_t height, std::uint32_t across,
                                                 std::uint32_t down, double offset);

}  // namespace safelight
