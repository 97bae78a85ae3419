#include "image/limits.h"

#include <fmt/format.h>

namespace safelight {

std::vector<FormatSupport> within(std::vector<FormatSupport> formats, const ImageLimits& limits) {
    for (FormatSupport& support : formats) {
        if (support.format == Format::svg && !limits.takes_svg) support.reads = false;
    }
    return formats;
}

Status check(const ImageFacts& facts, const ImageLimits& limits) {
    if (facts.width_px == 0 || facts.height_px == 0) {
        return failure(ErrorCode::invalid_image, "The picture has no pixels.");
    }
    if (facts.width_px > limits.side_max_px || facts.height_px > limits.side_max_px) {
        return failure(ErrorCode::image_too_large,
                       fmt::format("The picture is {}×{} pixels; a side may have {} at most.", facts.width_px,
                                   facts.height_px, limits.side_max_px));
    }
    if (facts.frames > limits.frames_max) {
        return failure(ErrorCode::too_many_frames, fmt::format("The picture has {} frames; {} are allowed.",
                                                               facts.frames, limits.frames_max));
    }
    // No overflow: both sides and the frames were bounded by 32 bits, and sides by side_max_px.
    const std::uint64_t frame_pixels = std::uint64_t{facts.width_px} * facts.height_px;
    // Of other animations (APNG, JPEG XL, AVIF) nothing but the first frame is ever decoded.
    const std::uint32_t frames = can_be_animated(facts.format) ? facts.frames : 1;
    if (frame_pixels > limits.pixels_max / frames) {
        return failure(ErrorCode::image_too_large,
                       fmt::format("The picture has {} pixels in {} frame(s); {} pixels are allowed in all.",
                                   frame_pixels * frames, frames, limits.pixels_max));
    }
    return {};
}

}  // namespace safelight
