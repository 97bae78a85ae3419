#include "imaging/geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace safelight {
namespace {

std::uint32_t rounded_side(double side) {
    return static_cast<std::uint32_t>(std::max(1.0, std::floor(side + 0.5)));
}

Plan plan_whole(double width, double height, double scale) {
    return {{0, 0, width, height}, rounded_side(width * scale), rounded_side(height * scale)};
}

Plan plan_fill(double width, double height, double box_width, double box_height, bool enlarge) {
    if (!enlarge) {
        box_width = std::min(box_width, width);
        box_height = std::min(box_height, height);
    }
    return {{0, 0, width, height}, rounded_side(box_width), rounded_side(box_height)};
}

Plan plan_cover(double width, double height, double box_width, double box_height, bool enlarge) {
    double scale = std::max(box_width / width, box_height / height);
    if (!enlarge && scale > 1) {
        box_width /= scale;
        box_height /= scale;
        scale = 1;
    }
    const std::uint32_t out_width = rounded_side(box_width);
    const std::uint32_t out_height = rounded_side(box_height);
    const double part_width = std::min(width, out_width / scale);
    const double part_height = std::min(height, out_height / scale);
    return {{(width - part_width) / 2, (height - part_height) / 2, part_width, part_height},
            out_width,
            out_height};
}

Plan plan_of(const Resize& resize, double width, double height) {
    constexpr double open = std::numeric_limits<double>::infinity();
    const double by_width = resize.width_px ? *resize.width_px / width : open;
    const double by_height = resize.height_px ? *resize.height_px / height : open;
    const bool has_box = resize.width_px && resize.height_px;
    if (has_box && resize.fit == Fit::fill) {
        return plan_fill(width, height, *resize.width_px, *resize.height_px, resize.enlarge);
    }
    if (has_box && resize.fit == Fit::cover) {
        return plan_cover(width, height, *resize.width_px, *resize.height_px, resize.enlarge);
    }
    // With one side given, the other follows from the aspect ratio, whatever the fit.
    double scale = std::min(by_width, by_height);
    if (has_box && resize.fit == Fit::outside) scale = std::max(by_width, by_height);
    if (!resize.enlarge) scale = std::min(scale, 1.0);
    return plan_whole(width, height, scale);
}

}  // namespace

Result<Plan> plan_resize(const std::optional<Resize>& resize, std::uint32_t width_px, std::uint32_t height_px,
                         const ImageLimits& limits) {
    const bool resizes = resize && (resize->width_px || resize->height_px);
    const Plan plan = resizes ? plan_of(*resize, width_px, height_px) : plan_whole(width_px, height_px, 1.0);
    const std::uint64_t pixels = std::uint64_t{plan.width_px} * plan.height_px;
    if (plan.width_px > limits.side_max_px || plan.height_px > limits.side_max_px ||
        pixels > limits.pixels_max) {
        return failure(ErrorCode::unsupported_transform,
                       fmt::format("The result would be {}×{} pixels, which is more than is allowed.",
                                   plan.width_px, plan.height_px));
    }
    return plan;
}

Plan as_stored(const Plan& plan, Orientation orientation) {
    if (!swaps_sides(orientation)) return plan;  // the region is centred: mirroring does not move it
    const Region& region = plan.region;
    return {{region.top, region.left, region.height, region.width}, plan.height_px, plan.width_px};
}

}  // namespace safelight
