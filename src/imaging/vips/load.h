#pragma once

#include <cstddef>
#include <span>

#include "image/format.h"
#include "imaging/vips/library.h"

namespace safelight {

/// Opens with the typed loader of `format` (never by libvips' own sniffing), first frame or page, failing on
/// truncated data. `bytes` must outlive the picture; pixels are decoded when they are asked for, from the
/// top; those of JPEG XL and BMP, which other readers read, at once. `jpeg_shrink` (1, 2, 4, 8) counts for
/// JPEG alone. Errors: invalid_image, unsupported_image.
[[nodiscard]] Result<VipsPicture> load_picture(std::span<const std::byte> bytes, Format format,
                                               int jpeg_shrink = 1);

}  // namespace safelight
