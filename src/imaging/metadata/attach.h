// Puts EXIF and a colour profile into files that our encoders wrote, which hold nothing but pixels. On the
// files themselves, so that what is in them is what is given here, whatever an encoder would like to add.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "image/format.h"

namespace safelight {

struct Attachments {
    std::vector<std::byte> exif = {};     // a TIFF structure, as exif_block makes it; below 60,000 bytes
    std::span<const std::byte> icc = {};  // below 60,000 bytes; must outlive this

    [[nodiscard]] bool empty() const { return exif.empty() && icc.empty(); }
};

/// True for the formats that attach() puts a colour profile into. JPEG XL's encoder says the colours itself.
[[nodiscard]] constexpr bool carries_profile(Format format) {
    return format == Format::jpeg || format == Format::png || format == Format::webp ||
           format == Format::avif || format == Format::tiff;
}

/// GIF carries neither, and comes back as it is. `file` is of one of our encoders. Error: renderer_failed,
/// when it has another structure than those write.
[[nodiscard]] Result<std::vector<std::byte>> attach(std::vector<std::byte> file, Format format,
                                                    const Attachments& attachments);

}  // namespace safelight
