// The few lowest frequencies of a small plane of samples: what ThumbHash and BlurHash are made of.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace safelight {

/// Of a side. BlurHash takes at most 9, ThumbHash 7.
inline constexpr std::uint32_t frequencies_max = 10;

/// The waves of planes of one size, made once for all of them.
class Cosines {
  public:
    Cosines(std::uint32_t width, std::uint32_t height, double offset);

    /// frequency(x, y) = Σ sample(i, j) · cos(π·x·(i + offset) / width) · cos(π·y·(j + offset) / height), row
    /// by row for x below `across` and y below `down`, each at most frequencies_max; not normalised. `plane`
    /// has width × height samples.
    [[nodiscard]] std::vector<double> frequencies_of(std::span<const double> plane, std::uint32_t across,
                                                     std::uint32_t down) const;

  private:
    /// Of one position: the wave of each frequency.
    using Waves = std::array<double, frequencies_max>;

    static std::vector<Waves> waves(std::uint32_t length, double offset);

    std::vector<Waves> across_;
    std::vector<Waves> down_;
};

}  // namespace safelight
