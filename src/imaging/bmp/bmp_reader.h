// From a BMP to pixels; a reader of our own, for what the libraries have is part of far larger ones.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "imaging/raw_picture.h"

namespace safelight {

/// Grey when all of its palette is. The sides must have been checked against the limits. Errors: as
/// read_bmp_header, and invalid_image for a pixel whose colour is not in the palette.
[[nodiscard]] Result<RawPicture> read_bmp(std::span<const std::byte> bytes);

}  // namespace safelight
