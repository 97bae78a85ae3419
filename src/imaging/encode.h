#pragma once

#include "base/result.h"
#include "imaging/imaging.h"
#include "imaging/metadata/attach.h"
#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// Error: unsupported_transform, when the format has no room for such sides.
[[nodiscard]] Status check_room(Format format, std::uint32_t width_px, std::uint32_t height_px);

/// What a transform comes out as: for an automatic format WebP; the format that it names, or that of the
/// original; where that cannot be written, PNG for a picture with alpha, a BMP or an SVG, and JPEG for any
/// other. Error: unsupported_transform when a format that cannot be written was asked for by name, or when
/// the format has no lossless way and one was asked for.
[[nodiscard]] Result<Format> output_format(const Transform& transform, const ImageFacts& facts);

/// Where photographs begin to look the same as their original.
[[nodiscard]] std::uint8_t default_quality(Format format);

/// Finished pixels as a file, with quality, lossless, progressive and effort of `transform` where the format
/// has them; alpha is laid on white where the format has none. With `attachments` the file says of itself
/// what they say. An automatic format is lossless for drawings and screenshots that become smaller by it, and
/// PNG or JPEG for what WebP has no room for. Errors: cancelled, renderer_failed, unsupported_transform (no
/// file of at most max_bytes, see fit_bytes.h).
[[nodiscard]] Result<EncodedPicture> encode(Pixels pixels, Format format, const Transform& transform,
                                            const StopCheck& stop, const Attachments& attachments = {});

}  // namespace safelight
