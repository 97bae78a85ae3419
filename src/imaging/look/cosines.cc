#include "imaging/look/cosines.h"

#include <cmath>
#include <numbers>

namespace safelight {
namespace {

/// cos(π·frequency·(i + offset) / length), frequency by frequency.
std::vector<double> waves(std::uint32_t length, std::uint32_t count, double offset) {
    std::vector<double> table;
    table.reserve(std::size_t{length} * count);
    for (std::uint32_t frequency = 0; frequency < count; ++frequency) {
        for (std::uint32_t i = 0; i < length; ++i)
            table.push_back(std::cos(std::numbers::pi * frequency * (i + offset) / length));
    }
    return table;
}

}  // namespace

std::vector<double> frequencies_of(std::span<const double> plane, std::uint32_t width, std::uint32_t height,
                                   std::uint32_t across, std::uint32_t down, double offset) {
    const std::vector<double> horizontal = waves(width, across, offset);
    const std::vector<double> vertical = waves(height, down, offset);
    std::vector<double> result(std::size_t{across} * down);
    for (std::uint32_t j = 0; j < height; ++j) {
        const double* const row = plane.data() + std::size_t{j} * width;
        for (std::uint32_t x = 0; x < across; ++x) {
            const double* const wave = horizontal.data() + std::size_t{x} * width;
            double sum = 0;
            for (std::uint32_t i = 0; i < width; ++i) sum += row[i] * wave[i];
            for (std::uint32_t y = 0; y < down; ++y)
                result[std::size_t{y} * across + x] += sum * vertical[std::size_t{y} * height + j];
        }
    }
    return result;
}

}  // namespace safelight
