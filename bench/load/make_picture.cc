#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

// After <cstdio>: it needs FILE and size_t.
#include <jpeglib.h>

#include "bench/load/picture.h"

namespace safelight::bench {
namespace {

/// 0 to 1, the same for the same place.
float noise_at(std::uint32_t x, std::uint32_t y, std::uint32_t layer) {
    std::uint32_t hash = x * 0x9e3779b1U ^ y * 0x85ebca77U ^ layer * 0xc2b2ae3dU;
    hash = (hash ^ (hash >> 15U)) * 0x2c1b3c6dU;
    hash = (hash ^ (hash >> 12U)) * 0x297a2d39U;
    return static_cast<float>((hash ^ (hash >> 15U)) >> 8U) / static_cast<float>(1U << 24U);
}

/// Noise on a grid of `cell_px`, smooth in between.
float smooth_noise(int x, int y, int cell_px, std::uint32_t layer) {
    const auto column = static_cast<std::uint32_t>(x / cell_px);
    const auto row = static_cast<std::uint32_t>(y / cell_px);
    const float across = static_cast<float>(x % cell_px) / static_cast<float>(cell_px);
    const float down = static_cast<float>(y % cell_px) / static_cast<float>(cell_px);
    const float top = std::lerp(noise_at(column, row, layer), noise_at(column + 1, row, layer), across);
    const float bottom =
        std::lerp(noise_at(column, row + 1, layer), noise_at(column + 1, row + 1, layer), across);
    return std::lerp(top, bottom, down);
}

/// Hills of every size, an edge where they cross the middle, and a little grain, as photos have them.
std::array<JSAMPLE, 3> colour_at(int x, int y) {
    std::array<JSAMPLE, 3> colour{};
    for (std::uint32_t channel = 0; channel < 3; ++channel) {
        float value = 0;
        float weight = 0.5F;
        for (int cell_px = 256; cell_px >= 4; cell_px /= 2, weight *= 0.62F) {
            value += weight * (smooth_noise(x, y, cell_px, channel) - 0.5F);
        }
        const float edge = smooth_noise(x, y, 96, 7) > 0.5F ? 0.12F : -0.12F;
        const float grain =
            0.05F * (noise_at(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), 9) - 0.5F);
        colour[channel] = static_cast<JSAMPLE>(std::clamp(0.5F + value + edge + grain, 0.0F, 1.0F) * 255.0F);
    }
    return colour;
}

}  // namespace

Picture make_picture(int width_px, int height_px, int quality) {
    jpeg_compress_struct compressor{};
    jpeg_error_mgr errors{};
    compressor.err = jpeg_std_error(&errors);
    jpeg_create_compress(&compressor);
    unsigned char* encoded = nullptr;
    unsigned long encoded_bytes = 0;  // NOLINT(google-runtime-int): the type of libjpeg
    jpeg_mem_dest(&compressor, &encoded, &encoded_bytes);
    compressor.image_width = static_cast<JDIMENSION>(width_px);
    compressor.image_height = static_cast<JDIMENSION>(height_px);
    compressor.input_components = 3;
    compressor.in_color_space = JCS_RGB;
    jpeg_set_defaults(&compressor);
    jpeg_set_quality(&compressor, quality, TRUE);
    jpeg_start_compress(&compressor, TRUE);
    std::vector<JSAMPLE> row(static_cast<std::size_t>(width_px) * 3);
    for (int y = 0; y < height_px; ++y) {
        for (int x = 0; x < width_px; ++x) {
            const auto colour = colour_at(x, y);
            std::copy(colour.begin(), colour.end(), row.begin() + static_cast<std::ptrdiff_t>(x) * 3);
        }
        JSAMPROW rows = row.data();
        jpeg_write_scanlines(&compressor, &rows, 1);
    }
    jpeg_finish_compress(&compressor);
    Picture picture{fmt::format("made-{}x{}.jpg", width_px, height_px),
                    {reinterpret_cast<const char*>(encoded), encoded_bytes}};
    jpeg_destroy_compress(&compressor);
    std::free(encoded);  // NOLINT(cppcoreguidelines-no-malloc): allocated by libjpeg
    return picture;
}

}  // namespace safelight::bench
