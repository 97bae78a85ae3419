// What a picture may claim before anything is decoded.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "image/facts.h"
#include "image/format_support.h"

namespace safelight {

struct ImageLimits {
    std::uint64_t pixels_max = 50'000'000;  // summed over all frames of GIF and WebP
    std::uint32_t side_max_px = 16'383;
    std::uint32_t frames_max = 300;
    std::uint32_t scans_max = 100;  // of a progressive JPEG
    std::uint64_t bytes_max = 25'000'000;
    bool takes_svg = false;  // a drawing is a program rather than a picture: refused unless it is wanted

    bool operator==(const ImageLimits&) const = default;
};

/// The same with what `limits` do not take left out of what is read.
[[nodiscard]] std::vector<FormatSupport> within(std::vector<FormatSupport> formats,
                                                const ImageLimits& limits);

/// Errors: image_too_large, too_many_frames, invalid_image (a side of zero).
[[nodiscard]] Status check(const ImageFacts& facts, const ImageLimits& limits);

}  // namespace safelight
