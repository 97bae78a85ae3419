#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "image/format.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

/// True when this build has an encoder that works. HEIC is never written: its codec is under patents.
[[nodiscard]] bool can_write(Format format);

struct SaveOptions {
    std::uint8_t quality = 80;  // 1–100, for WebP and AVIF
    bool lossless = false;      // WebP; PNG, TIFF and the colours of GIF's palette are so anyway
    std::optional<std::uint8_t> effort = {};  // 1–9; empty: what this project found to be worth its time
};

/// What an encoder may spend, on the scale of its saver: by default the best return for its time, as measured
/// (docs/adr/0006).
[[nodiscard]] int effort_for(Format format, std::optional<std::uint8_t> effort);

/// Encodes in any format that can be written but JPEG and JPEG XL. The file holds pixels and nothing else.
/// Errors: cancelled, renderer_failed.
[[nodiscard]] Result<std::vector<std::byte>> save_picture(const Pixels& pixels, Format format,
                                                          const SaveOptions& options, const StopCheck& stop);

}  // namespace safelight
