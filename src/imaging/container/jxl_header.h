// The header of a JPEG XL codestream.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "image/facts.h"
#include "imaging/container/byte_view.h"

namespace safelight {

/// No header that is taken is longer.
inline constexpr std::size_t jxl_header_bytes_max = 4'096;

struct JxlHeader {
    std::uint32_t width_px = 0;   // as displayed
    std::uint32_t height_px = 0;  // as displayed
    bool has_alpha = false;
    bool is_grey = false;
    bool is_animated = false;
};

/// From the first bytes of a codestream (ISO/IEC 18181-1, SizeHeader and ImageMetadata). Errors:
/// invalid_image, unsupported_image (black as a channel of its own, more channels than anybody looks at).
[[nodiscard]] Result<JxlHeader> read_jxl_header(ByteView codestream);

}  // namespace safelight
