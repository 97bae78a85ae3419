#include "imaging/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "imaging/mapping.h"

namespace safelight {
namespace {

Status check_size(const Canvas& canvas, const ImageLimits& limits) {
    const std::uint64_t pixels = std::uint64_t{canvas.width_px} * canvas.height_px;
    const bool fits = canvas.width_px <= limits.side_max_px && canvas.height_px <= limits.side_max_px &&
                      pixels <= limits.pixels_max;
    if (fits) return {};
    return failure(ErrorCode::unsupported_transform,
                   fmt::format("The result would be {}×{} pixels, which is more than is allowed.",
                               canvas.width_px, canvas.height_px));
}

/// The part of the upright picture that is taken; whole pixels.
Result<Region> cropped(const std::optional<Crop>& crop, const ImageFacts& facts) {
    if (!crop) return Region{0, 0, static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)};
    if (crop->x_px >= facts.width_px || crop->y_px >= facts.height_px) {
        return failure(ErrorCode::unsupported_transform,
                       fmt::format("The crop begins at ({}, {}), outside of the picture of {}×{} pixels.",
                                   crop->x_px, crop->y_px, facts.width_px, facts.height_px));
    }
    return Region{static_cast<double>(crop->x_px), static_cast<double>(crop->y_px),
                  static_cast<double>(std::min(crop->width_px, facts.width_px - crop->x_px)),
                  static_cast<double>(std::min(crop->height_px, facts.height_px - crop->y_px))};
}

Canvas padded(const Canvas& canvas, const Pad& pad) {
    return {canvas.width_px + pad.left_px + pad.right_px, canvas.height_px + pad.top_px + pad.bottom_px,
            canvas.left_px + pad.left_px, canvas.top_px + pad.top_px};
}

}  // namespace

Result<Layout> lay_out(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits) {
    TRY_ASSIGN(const Region part, cropped(transform.crop, facts));
    // What is left to a pass of its own is not done here.
    const Orientation turn = turn_of(quarter_turns(transform.rotate).value_or(0), transform.flip);
    auto width = static_cast<std::uint32_t>(part.width);
    auto height = static_cast<std::uint32_t>(part.height);
    if (swaps_sides(turn)) std::swap(width, height);
    const Plan displayed = plan_resize(transform.resize, width, height);
    const Canvas canvas = padded(canvas_of(transform.resize, displayed), transform.pad);
    TRY(check_size(canvas, limits));
    Plan upright = as_stored(displayed, turn, width, height);
    upright.region.left += part.left;
    upright.region.top += part.top;
    if (transform.crop) upright.bounds = part;
    return Layout{as_stored(upright, facts.orientation, facts.width_px, facts.height_px),
                  combined(facts.orientation, turn), canvas};
}

}  // namespace safelight
