// The fast way from a JPEG to pixels of several sizes: libjpeg shrinks while it decodes, and the rows go
// straight to the resamplers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "imaging/geometry.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

/// The gamut of a JPEG whose colours need no conversion: grey, YCbCr or RGB with no ICC profile, or with one
/// that is sRGB; or that is Display P3, when it may stay. Nothing for any other.
[[nodiscard]] std::optional<Gamut> plain_gamut(std::span<const std::byte> bytes, const ImageFacts& facts,
                                               Icc icc);

/// How many times the size that is wanted a JPEG is decoded at, at least. Its decoder shrinks encoded values,
/// not light, so that fine contrast grows too dark, and the less of the shrink that is left to the resampler
/// the more: twice costs a photo full of such contrast 12 points of SSIMULACRA2, three times next to nothing.
inline constexpr double jpeg_reserve = 3;

/// The largest of 1, 2, 4 and 8 that leaves jpeg_reserve times what `plan` wants.
[[nodiscard]] std::uint32_t jpeg_shrink_for(const Plan& plan);

/// The pixels of each plan, in order and not turned; plans are in stored pixels of the whole picture. Decodes
/// once, with the shrink that the most demanding plan allows. Errors: invalid_image, unsupported_image,
/// cancelled, renderer_failed.
[[nodiscard]] Result<std::vector<Pixels>> read_jpeg(std::span<const std::byte> bytes,
                                                    std::span<const Plan> plans, const StopCheck& stop);

}  // namespace safelight
