// Animation in, animation out: every frame goes the way of a still picture.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "base/result.h"
#include "image/facts.h"
#include "image/limits.h"
#include "imaging/imaging.h"
#include "imaging/layout.h"
#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// True when the result has all of the frames: the picture is a GIF or a WebP of several, so is the result's
/// `format`, and the transform does not want the first one alone.
[[nodiscard]] bool stays_animated(const Transform& transform, Format format, const ImageFacts& facts);

/// The frames of the result together may have as many pixels as those of a picture that is taken, and each
/// has to have room in its format. Error: unsupported_transform.
[[nodiscard]] Status check_animation(const Transform& transform, Format format, const Canvas& canvas,
                                     const ImageFacts& facts, const ImageLimits& limits);

/// From the resized pixels of a frame to what is encoded.
using FinishFrame = std::function<Result<Pixels>(Pixels)>;

/// Decodes, finishes and encodes one frame after the other; in memory are one decoded frame, one that is
/// finished, and what the encoder keeps: as measured, WebP 28 and GIF 17 bytes for each pixel of one frame of
/// the result in all. The number of plays and the delays stay, as exactly as the format can say them
/// (animation_timing.h). Errors: invalid_image (a frame that does not decode), cancelled, renderer_failed,
/// what `finish` returns.
[[nodiscard]] Result<EncodedPicture> animate(std::span<const std::byte> bytes, const ImageFacts& facts,
                                             const Plan& plan, const FinishFrame& finish, Format format,
                                             const Transform& transform, const StopCheck& stop);

}  // namespace safelight
