// The general way from an encoded picture to pixels of several sizes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "imaging/geometry.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

/// Sides and alpha as libvips reads them from the header, for formats whose container does not tell. The
/// orientation that is left to apply is upright: libheif turns by itself, and libtiff's is in `facts`.
/// Errors: invalid_image, unsupported_image.
[[nodiscard]] Result<ImageFacts> facts_from_vips(std::span<const std::byte> bytes, const ImageFacts& facts);

/// The pixels of each plan, in order and not turned; plans are in stored pixels. One decode feeds them all,
/// in the gamut that `icc` comes to (gamut_for). Errors: invalid_image, unsupported_image, cancelled.
[[nodiscard]] Result<std::vector<Pixels>> read_by_vips(std::span<const std::byte> bytes,
                                                       const ImageFacts& facts, std::span<const Plan> plans,
                                                       Icc icc, const StopCheck& stop);

}  // namespace safelight
