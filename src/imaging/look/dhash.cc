#include <array>

#include "imaging/look/look_at.h"
#include "imaging/resample/resampler.h"

namespace safelight {
namespace {

constexpr std::uint32_t columns = 9;
constexpr std::uint32_t rows = 8;

/// Luma of Rec. 709 in 16 bits.
constexpr std::uint32_t grey_of(const std::uint8_t* pixel) {
    return 13'933U * pixel[0] + 46'871U * pixel[1] + 4'732U * pixel[2];
}

}  // namespace

std::uint64_t dhash_of(const Pixels& pixels) {
    const Plan plan{
        {0, 0, static_cast<double>(pixels.width_px), static_cast<double>(pixels.height_px)}, columns, rows};
    Resampler resampler(pixels.width_px, pixels.height_px, pixels.channels, plan);
    resampler.push_rows(pixels.samples.data(), pixels.row_bytes(), pixels.height_px);
    const Pixels small = resampler.take();
    std::uint64_t hash = 0;
    for (std::uint32_t y = 0; y < rows; ++y) {
        const std::uint8_t* pixel = small.row(y);
        for (std::uint32_t x = 1; x < columns; ++x, pixel += small.channels) {
            const bool is_brighter = grey_of(pixel + small.channels) > grey_of(pixel);
            hash = hash << 1 | (is_brighter ? 1U : 0U);
        }
    }
    return hash;
}

}  // namespace safelight
