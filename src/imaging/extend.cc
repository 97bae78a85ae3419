#include "imaging/extend.h"

#include <cstring>

namespace safelight {

Pixels extend(Pixels pixels, const Canvas& canvas) {
    if (canvas.width_px == pixels.width_px && canvas.height_px == pixels.height_px) return pixels;
    Pixels out(canvas.width_px, canvas.height_px, pixels.channels);
    for (std::size_t i = 0; i < out.samples.size(); ++i) {
        const bool is_alpha = has_alpha(out.channels) && i % out.channels == out.channels - 1;
        out.samples[i] = is_alpha ? 0 : 255;
    }
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        std::uint8_t* row = out.row(canvas.top_px + y) + std::size_t{canvas.left_px} * out.channels;
        std::memcpy(row, pixels.row(y), pixels.row_bytes());
    }
    return out;
}

}  // namespace safelight
