// A whole decoded picture as a codec gives it: in its own depth and colours, before it is brought to sRGB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace safelight {

struct RawPicture {
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::uint32_t channels = 0;          // as in Pixels: grey or RGB, then alpha, not premultiplied
    std::uint32_t bits = 8;              // of a sample: 8, or 16 in the byte order of this machine
    std::vector<std::byte> samples;      // row after row, interleaved, without gaps
    std::vector<std::byte> icc_profile;  // empty: sRGB
};

}  // namespace safelight
