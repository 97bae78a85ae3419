#include "imaging/look/cosines.h"

#include <cmath>
#include <numbers>

namespace safelight {

Cosines::Cosines(std::uint32_t width, std::uint32_t height, double offset)
    : across_(waves(width, offset)), down_(waves(height, offset)) {}

std::vector<Cosines::Waves> Cosines::waves(std::uint32_t length, double offset) {
    std::vector<Waves> all(length);
    for (std::uint32_t i = 0; i < length; ++i) {
        // cos((n + 1)·a) = 2·cos(a)·cos(n·a) − cos((n − 1)·a)
        Waves& wave = all[i];
        wave[0] = 1;
        wave[1] = std::cos(std::numbers::pi * (i + offset) / length);
        for (std::size_t n = 2; n < frequencies_max; ++n) wave[n] = 2 * wave[1] * wave[n - 1] - wave[n - 2];
    }
    return all;
}

std::vector<double> Cosines::frequencies_of(std::span<const double> plane, std::uint32_t across,
                                            std::uint32_t down) const {
    std::vector<double> result(std::size_t{across} * down);
    const double* sample = plane.data();
    for (const Waves& vertical : down_) {
        Waves sums{};  // all of them: a loop of constant length is done several at a time
        for (const Waves& horizontal : across_) {
            for (std::size_t x = 0; x < frequencies_max; ++x) sums[x] += *sample * horizontal[x];
            ++sample;
        }
        for (std::uint32_t y = 0; y < down; ++y) {
            for (std::uint32_t x = 0; x < across; ++x)
                result[std::size_t{y} * across + x] += sums[x] * vertical[y];
        }
    }
    return result;
}

}  // namespace safelight
