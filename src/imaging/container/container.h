// Our own look at the structure of a picture file, before any library sees the bytes: everything in bounds,
// counts and sizes within the limits, and what the header says of the picture. All of it in one pass without
// allocation in proportion to what the file claims, and in milliseconds for any input of the size that the
// limits allow.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "image/facts.h"
#include "image/limits.h"
#include "imaging/container/byte_view.h"

namespace safelight {

/// Tells the format by its first bytes, checks the container and then the limits.
/// Errors: empty_payload, payload_too_large, unsupported_image, invalid_image, image_too_large,
/// too_many_frames, too_many_scans.
[[nodiscard]] Result<ImageFacts> inspect(std::span<const std::byte> bytes, const ImageLimits& limits);

// One for each container; the limits on dimensions and frames are left to inspect(). Errors:
// unsupported_image (a legal kind that is not taken), invalid_image.

/// Also too_many_scans.
[[nodiscard]] Result<ImageFacts> inspect_jpeg(ByteView file, const ImageLimits& limits);
[[nodiscard]] Result<ImageFacts> inspect_png(ByteView file);
[[nodiscard]] Result<ImageFacts> inspect_gif(ByteView file);
[[nodiscard]] Result<ImageFacts> inspect_webp(ByteView file);
[[nodiscard]] Result<ImageFacts> inspect_tiff(ByteView file);
/// AVIF and HEIC. The sides are the largest that any item claims, before cropping and turning: enough for the
/// limits.
[[nodiscard]] Result<ImageFacts> inspect_isobmff(ByteView file, Format format);
/// An animation shows as one frame: only a decoder can count them.
[[nodiscard]] Result<ImageFacts> inspect_jxl(ByteView file);
[[nodiscard]] Result<ImageFacts> inspect_bmp(ByteView file);

}  // namespace safelight
