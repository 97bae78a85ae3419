#include "imaging/framing.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "imaging/mapping.h"
#include "imaging/orient.h"
#include "imaging/resample/resampler.h"
#include "imaging/salience.h"

namespace safelight {
namespace {

bool is_rotated(const Framing& framing) {
    return framing.degrees != Hundredths{0};
}

bool depends_on_view(Gravity gravity) {
    return gravity == Gravity::attention || gravity == Gravity::entropy;
}

/// The sides between the rotation and the turn.
Sides rotated_sides(const Framing& framing) {
    const Region& part = framing.part;
    if (!is_rotated(framing)) return {part.width, part.height};
    return rotated_sides(part.width, part.height, framing.degrees);
}

/// A point of the displayed picture, which may lie outside of the part, on the framed one.
Point framed_point(const FocalPoint& focal, const Framing& framing, const ImageFacts& facts) {
    const Region& part = framing.part;
    Point point{focal.x * facts.width_px - part.left, focal.y * facts.height_px - part.top};
    if (is_rotated(framing)) point = rotated_point(point, part.width, part.height, framing.degrees);
    const Sides sides = rotated_sides(framing);
    const Region turned = as_displayed({point.x, point.y, 0, 0}, framing.turn, sides.width, sides.height);
    return {turned.left, turned.top};
}

/// The framed picture, small.
Pixels framed_view(const Pixels& view, const Framing& framing, const ImageFacts& facts) {
    const double wide = static_cast<double>(view.width_px) / facts.width_px;
    const double high = static_cast<double>(view.height_px) / facts.height_px;
    const Region& part = framing.part;
    const Region region{part.left * wide, part.top * high, part.width * wide, part.height * high};
    const double scale = std::min(1.0, view_side_max_px / std::max(region.width, region.height));
    const auto side = [scale](double length) {
        return static_cast<std::uint32_t>(std::max(1.0, std::floor(length * scale + 0.5)));
    };
    Pixels small = resample(view, {region, side(region.width), side(region.height)});
    if (is_rotated(framing)) {
        // It is called off by nobody.
        if (auto rotated = rotate(small, framing.degrees, {})) small = std::move(*rotated);
    }
    return orient(std::move(small), framing.turn);
}

}  // namespace

bool needs_view(const Transform& transform) {
    const bool crops = transform.crop && transform.crop->gravity && depends_on_view(*transform.crop->gravity);
    return crops || (covers_box(transform.resize) && depends_on_view(transform.resize->gravity));
}

bool covers_box(const std::optional<Resize>& resize) {
    return resize && resize->width_px && resize->height_px && resize->fit == Fit::cover;
}

Sides framed_sides(const Framing& framing) {
    Sides sides = rotated_sides(framing);
    if (swaps_sides(framing.turn)) std::swap(sides.width, sides.height);
    return sides;
}

Point window_corner(Gravity gravity, const Framing& framing, double width, double height,
                    const ImageFacts& facts, const Sight& sight) {
    const Sides sides = framed_sides(framing);
    const double room_x = std::max(0.0, sides.width - width);
    const double room_y = std::max(0.0, sides.height - height);
    if (gravity == Gravity::focal && sight.focal_point) {
        const Point point = framed_point(*sight.focal_point, framing, facts);
        return {std::clamp(point.x - width / 2, 0.0, room_x), std::clamp(point.y - height / 2, 0.0, room_y)};
    }
    Fractions share = fractions_of(gravity);
    if (sight.view != nullptr && depends_on_view(gravity)) {
        const Pixels view = framed_view(*sight.view, framing, facts);
        share = gravity == Gravity::attention
                    ? fractions_by_attention(view, width / sides.width, height / sides.height)
                    : fractions_by_entropy(view, width / sides.width, height / sides.height);
    }
    return {room_x * share.x, room_y * share.y};
}

}  // namespace safelight
