// The headers of a BMP, checked: what they refer to lies in the file.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "image/colour.h"
#include "imaging/container/byte_view.h"

namespace safelight {

enum class BmpPacking { plain, runs_of_4_bits, runs_of_8_bits };

/// The bits of a pixel that are one channel: `bits` of them from `shift` on; 0 bits: there is no such
/// channel.
struct BmpChannel {
    std::uint32_t shift = 0;
    std::uint32_t bits = 0;
};

struct BmpHeader {
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    bool is_top_down = false;
    std::uint32_t bits = 0;  // of a pixel: 1, 4, 8, 16, 24, 32
    BmpPacking packing = BmpPacking::plain;
    std::vector<Colour> palette = {};         // for up to 8 bits: 1 to 2^bits colours
    std::array<BmpChannel, 4> channels = {};  // red, green, blue, alpha; for 16 and 32 bits
    bool has_alpha = false;
    bool is_grey = false;         // all of the palette is
    std::uint64_t row_bytes = 0;  // of plain pixels, with padding
    ByteView pixels = {};         // plain: all rows (the last one may lack its padding)
    ByteView icc_profile = {};    // embedded; empty when there is none
};

/// From the structures BITMAPFILEHEADER and BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER or
/// BITMAPV5HEADER of the Windows GDI documentation. The limits on sides are left to the caller. Errors:
/// invalid_image, unsupported_image (JPEG or PNG inside).
[[nodiscard]] Result<BmpHeader> read_bmp_header(ByteView file);

}  // namespace safelight
