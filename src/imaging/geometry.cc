#include "imaging/geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "imaging/mapping.h"

namespace safelight {
namespace {

std::uint32_t rounded_side(double side) {
    return static_cast<std::uint32_t>(std::max(1.0, std::floor(side + 0.5)));
}

Plan plan_whole(double width, double height, double scale) {
    return {{0, 0, width, height}, rounded_side(width * scale), rounded_side(height * scale)};
}

/// Rounded sides may have more pixels than was asked for: then the longer one loses some.
Plan plan_within(double width, double height, double scale, double area) {
    Plan plan = plan_whole(width, height, scale);
    std::uint32_t& longer = plan.width_px >= plan.height_px ? plan.width_px : plan.height_px;
    const std::uint32_t shorter = std::min(plan.width_px, plan.height_px);
    if (static_cast<double>(longer) * shorter > area)
        longer = std::max(1U, static_cast<std::uint32_t>(area / shorter));
    return plan;
}

Plan plan_fill(double width, double height, double box_width, double box_height, bool enlarge) {
    if (!enlarge) {
        box_width = std::min(box_width, width);
        box_height = std::min(box_height, height);
    }
    return {{0, 0, width, height}, rounded_side(box_width), rounded_side(box_height)};
}

Plan plan_cover(double width, double height, double box_width, double box_height, bool enlarge,
                const Fractions& share) {
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
    const double left = (width - part_width) * share.x;
    const double top = (height - part_height) * share.y;
    return {{left, top, part_width, part_height}, out_width, out_height};
}

/// A side of the box in pixels of the result.
double device_px(std::uint32_t side, Hundredths dpr) {
    return rounded_side(side * dpr.value());
}

Plan plan_of(const Resize& resize, double width, double height) {
    if (resize.longest_side_px) {
        double scale = device_px(*resize.longest_side_px, resize.dpr) / std::max(width, height);
        if (!resize.enlarge) scale = std::min(scale, 1.0);
        return plan_whole(width, height, scale);
    }
    if (resize.area_px) {
        const double area = *resize.area_px * resize.dpr.value() * resize.dpr.value();
        double scale = std::sqrt(area / (width * height));
        if (!resize.enlarge) scale = std::min(scale, 1.0);
        return plan_within(width, height, scale, area);
    }
    constexpr double open = std::numeric_limits<double>::infinity();
    const double box_width = resize.width_px ? device_px(*resize.width_px, resize.dpr) : open;
    const double box_height = resize.height_px ? device_px(*resize.height_px, resize.dpr) : open;
    const bool has_box = resize.width_px && resize.height_px;
    if (has_box && resize.fit == Fit::fill) {
        return plan_fill(width, height, box_width, box_height, resize.enlarge);
    }
    if (has_box && resize.fit == Fit::cover) {
        return plan_cover(width, height, box_width, box_height, resize.enlarge, fractions_of(resize.gravity));
    }
    // With one side given, the other follows from the aspect ratio, whatever the fit.
    double scale = std::min(box_width / width, box_height / height);
    if (has_box && resize.fit == Fit::outside) scale = std::max(box_width / width, box_height / height);
    if (!resize.enlarge) scale = std::min(scale, 1.0);
    return plan_whole(width, height, scale);
}

/// `width` and `height` are the displayed sides.
Region stored_region(const Region& displayed, const Mapping& mapping, double width, double height) {
    Region stored = displayed;
    if (mapping.swaps) {
        stored = {displayed.top, displayed.left, displayed.height, displayed.width};
        std::swap(width, height);
    }
    if (mapping.mirrors_x) stored.left = width - stored.left - stored.width;
    if (mapping.mirrors_y) stored.top = height - stored.top - stored.height;
    return stored;
}

}  // namespace

Fractions fractions_of(Gravity gravity) {
    switch (gravity) {
        case Gravity::centre:
            return {0.5, 0.5};
        case Gravity::north:
            return {0.5, 0};
        case Gravity::north_east:
            return {1, 0};
        case Gravity::east:
            return {1, 0.5};
        case Gravity::south_east:
            return {1, 1};
        case Gravity::south:
            return {0.5, 1};
        case Gravity::south_west:
            return {0, 1};
        case Gravity::west:
            return {0, 0.5};
        case Gravity::north_west:
            return {0, 0};
        case Gravity::focal:
        case Gravity::attention:
        case Gravity::entropy:
            break;
    }
    return {0.5, 0.5};
}

Plan plan_resize(const std::optional<Resize>& resize, std::uint32_t width_px, std::uint32_t height_px) {
    const bool resizes =
        resize && (resize->width_px || resize->height_px || resize->longest_side_px || resize->area_px);
    return resizes ? plan_of(*resize, width_px, height_px) : plan_whole(width_px, height_px, 1.0);
}

Canvas canvas_of(const std::optional<Resize>& resize, const Plan& plan) {
    const bool has_box = resize && resize->width_px && resize->height_px;
    if (!has_box || resize->fit != Fit::contain) return {plan.width_px, plan.height_px, 0, 0};
    const auto width = static_cast<std::uint32_t>(device_px(*resize->width_px, resize->dpr));
    const auto height = static_cast<std::uint32_t>(device_px(*resize->height_px, resize->dpr));
    const Fractions share = fractions_of(resize->gravity);
    return {width, height, static_cast<std::uint32_t>((width - plan.width_px) * share.x),
            static_cast<std::uint32_t>((height - plan.height_px) * share.y)};
}

Plan as_stored(const Plan& plan, Orientation orientation, double width, double height) {
    const Mapping mapping = mapping_of(orientation);
    Plan stored = plan;
    if (mapping.swaps) std::swap(stored.width_px, stored.height_px);
    stored.region = stored_region(plan.region, mapping, width, height);
    if (plan.bounds) stored.bounds = stored_region(*plan.bounds, mapping, width, height);
    return stored;
}

Region as_displayed(const Region& stored, Orientation orientation, double width, double height) {
    return stored_region(stored, mapping_of(inverse(orientation)), width, height);
}

Plan shrunk(const Plan& plan, double shrink) {
    const auto smaller = [shrink](const Region& region) {
        return Region{region.left / shrink, region.top / shrink, region.width / shrink,
                      region.height / shrink};
    };
    Plan result = plan;
    result.region = smaller(plan.region);
    if (plan.bounds) result.bounds = smaller(*plan.bounds);
    return result;
}

}  // namespace safelight
