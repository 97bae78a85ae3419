// The fast way from a JPEG to pixels of several sizes: libjpeg shrinks while it decodes, and the rows go
// straight to the resamplers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

struct JpegShrink {
    std::uint32_t shrink;
    double ratio_min;  // of what is stored to what is wanted, on both sides
};

/// libjpeg shrinks encoded values, not light, so that fine contrast grows too dark, and the more so the more
/// it shrinks: by 2 costs a photo full of such contrast less than 1 point of SSIMULACRA2, by 4 up to 7, by 8
/// up to 10, whatever the resampler has left to do. So only small results are made from a strong shrink.
inline constexpr std::array<JpegShrink, 3> jpeg_shrinks{{{8, 32}, {4, 16}, {2, 4}}};

/// The first of them that `plan` allows, or 1.
[[nodiscard]] std::uint32_t jpeg_shrink_for(const Plan& plan);

/// The pixels of each plan, in order and not turned; plans are in stored pixels of the whole picture. Decodes
/// once, with the shrink that the most demanding plan allows. Errors: invalid_image, unsupported_image,
/// cancelled, renderer_failed.
[[nodiscard]] Result<std::vector<Pixels>> read_jpeg(std::span<const std::byte> bytes,
                                                    std::span<const Plan> plans, const StopCheck& stop);

}  // namespace safelight
