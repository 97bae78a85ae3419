// From a JPEG XL file to pixels, by libjxl on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "imaging/raw_picture.h"

namespace safelight {

/// How many frames an animation shows, counted by their headers without decoding them; what is beyond
/// `frames_max` is not counted. Error: invalid_image.
[[nodiscard]] Result<std::uint32_t> count_jxl_frames(std::span<const std::byte> bytes,
                                                     std::uint32_t frames_max);

/// The first frame with its layers laid one on the other, turned upright, 8 bits a sample where the file has
/// no more, else 16. Lossy pictures come in sRGB, or in Display P3 when they were made from more colours,
/// others with the profile that they have. Errors: invalid_image, unsupported_image.
[[nodiscard]] Result<RawPicture> read_jxl(std::span<const std::byte> bytes);

}  // namespace safelight
