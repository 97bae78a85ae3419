#pragma once

#include "base/result.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// What a transform comes out as: the format that it names, or that of the original; where that cannot be
/// written, PNG for a picture with alpha and JPEG for any other. Error: unsupported_transform when a format
/// that cannot be written was asked for by name.
[[nodiscard]] Result<Format> output_format(const Transform& transform, const ImageFacts& facts);

/// Upright pixels as a file; alpha is laid on white where the format has none. Errors: cancelled,
/// renderer_failed.
[[nodiscard]] Result<EncodedPicture> encode(Pixels pixels, Format format, std::optional<std::uint8_t> quality,
                                            const StopCheck& stop);

}  // namespace safelight
