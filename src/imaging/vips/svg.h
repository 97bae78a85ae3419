#pragma once

#include <cstddef>
#include <span>

#include "image/facts.h"
#include "imaging/geometry.h"
#include "imaging/vips/library.h"

namespace safelight {

/// By how much a drawing of `facts`' sides is to be enlarged for these plans, which are in its own pixels:
/// exactly, where a plan is larger; where all are smaller, so that the resampler still has a factor of two
/// (it works in linear light, the library does not); never to a picture that would be beyond any limit.
[[nodiscard]] double svg_scale(std::span<const Plan> plans, const ImageFacts& facts);

/// The drawing at so many times its own sides, with alpha. Nothing outside of `bytes` is looked at: librsvg
/// resolves no address without that of the document. Text is drawn with the fonts that are within reach of
/// the process. `bytes` must outlive the picture. Errors: invalid_image, unsupported_image (this libvips
/// cannot).
[[nodiscard]] Result<VipsPicture> draw_svg(std::span<const std::byte> bytes, double scale);

/// Whether `picture`, which is the drawing at its own size, has the drawing's sides. libvips keeps sides
/// beyond ten millions for 1.
[[nodiscard]] bool has_own_sides(VipsImage* picture, std::span<const std::byte> bytes);

}  // namespace safelight
