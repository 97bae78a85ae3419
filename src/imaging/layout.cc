#include "imaging/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "imaging/mapping.h"

namespace safelight {
namespace {

/// Bounds the work of the steps that follow.
Status check_size(const Canvas& canvas, const ImageLimits& limits, std::string_view what) {
    const std::uint64_t pixels = std::uint64_t{canvas.width_px} * canvas.height_px;
    const bool fits = canvas.width_px <= limits.side_max_px && canvas.height_px <= limits.side_max_px &&
                      pixels <= limits.pixels_max;
    if (fits) return {};
    return failure(ErrorCode::unsupported_transform,
                   fmt::format("The {} would be {}×{} pixels; a side may have {}, and the whole {}.", what,
                               canvas.width_px, canvas.height_px, limits.side_max_px, limits.pixels_max));
}

/// The part of the displayed picture that is taken of `content`; whole pixels.
Result<Region> cropped(const std::optional<Crop>& crop, const Region& content, const ImageFacts& facts,
                       const Sight& sight) {
    if (!crop) return content;
    if (crop->x_px >= content.width || crop->y_px >= content.height) {
        return failure(ErrorCode::unsupported_transform,
                       fmt::format("The crop begins at ({}, {}), outside of the picture of {}×{} pixels.",
                                   crop->x_px, crop->y_px, content.width, content.height));
    }
    Point corner{static_cast<double>(crop->x_px), static_cast<double>(crop->y_px)};
    const double width = std::min<double>(crop->width_px, content.width - corner.x);
    const double height = std::min<double>(crop->height_px, content.height - corner.y);
    if (crop->gravity) corner = window_corner(*crop->gravity, {content}, width, height, facts, sight);
    return Region{content.left + std::floor(corner.x + 0.5), content.top + std::floor(corner.y + 0.5), width,
                  height};
}

/// How the picture, as framed, is resized; a window that depends on the picture is moved to its place.
Plan resized(const std::optional<Resize>& resize, const Framing& framing, const ImageFacts& facts,
             const Sight& sight) {
    const Sides sides = framed_sides(framing);
    Plan plan = plan_resize(resize, static_cast<std::uint32_t>(sides.width),
                            static_cast<std::uint32_t>(sides.height));
    if (!covers_box(resize) || is_compass_point(resize->gravity)) return plan;
    const Point corner =
        window_corner(resize->gravity, framing, plan.region.width, plan.region.height, facts, sight);
    plan.region.left = corner.x;
    plan.region.top = corner.y;
    return plan;
}

Canvas padded(const Canvas& canvas, const Pad& pad) {
    return {canvas.width_px + pad.left_px + pad.right_px, canvas.height_px + pad.top_px + pad.bottom_px,
            canvas.left_px + pad.left_px, canvas.top_px + pad.top_px};
}

/// `displayed` is a plan of what `framing` shows: back to the stored pixels, the quarter turns with EXIF's.
Layout turned_layout(const Plan& displayed, const Framing& framing, const ImageFacts& facts) {
    const Region& part = framing.part;
    const Sides sides = framed_sides(framing);
    Plan upright = as_stored(displayed, framing.turn, sides.width, sides.height);
    upright.region.left += part.left;
    upright.region.top += part.top;
    return {.plan = as_stored(upright, facts.orientation, facts.width_px, facts.height_px),
            .turn = combined(facts.orientation, framing.turn),
            .canvas = {}};
}

/// The same with a rotation of its own between two plans: the first shrinks to what the second needs.
Result<Layout> rotated_layout(const Plan& displayed, const Framing& framing, const ImageFacts& facts,
                              const ImageLimits& limits) {
    constexpr double resolution = 2;  // of the rotated pixels, as that of the result
    const Region& part = framing.part;
    const double scale = std::min(1.0, resolution * std::max(displayed.width_px / displayed.region.width,
                                                             displayed.height_px / displayed.region.height));
    const auto side = [scale](double length) {
        return static_cast<std::uint32_t>(std::max(1.0, std::floor(length * scale + 0.5)));
    };
    const Plan upright{part, side(part.width), side(part.height)};
    const Sides box = rotated_sides(upright.width_px, upright.height_px, framing.degrees);
    TRY(check_size({static_cast<std::uint32_t>(box.width), static_cast<std::uint32_t>(box.height)}, limits,
                   "rotated picture"));
    const Sides sides = framed_sides(framing);
    Plan rotated = as_stored(displayed, framing.turn, sides.width, sides.height);
    const double wide = box.width / sides.width;
    const double high = box.height / sides.height;
    rotated.region = {rotated.region.left * wide, rotated.region.top * high, rotated.region.width * wide,
                      rotated.region.height * high};
    return Layout{.plan = as_stored(upright, facts.orientation, facts.width_px, facts.height_px),
                  .turn = facts.orientation,
                  .canvas = {},
                  .rotation = Rotation{framing.degrees, rotated, framing.turn}};
}

}  // namespace

Result<Layout> lay_out(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits,
                       const Sight& sight) {
    const Region whole{0, 0, static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)};
    const Region content = sight.content.value_or(whole);
    TRY_ASSIGN(const Region part, cropped(transform.crop, content, facts, sight));
    const std::optional<unsigned> quarters = quarter_turns(transform.rotate);
    const Framing framing{part, quarters ? Hundredths{0} : transform.rotate,
                          turn_of(quarters.value_or(0), transform.flip)};
    const Plan displayed = resized(transform.resize, framing, facts, sight);
    const Canvas canvas = padded(canvas_of(transform.resize, displayed), transform.pad);
    TRY(check_size(canvas, limits, "result"));
    Result<Layout> layout = quarters ? turned_layout(displayed, framing, facts)
                                     : rotated_layout(displayed, framing, facts, limits);
    if (!layout) return layout;
    layout->canvas = canvas;
    if (transform.crop || sight.content) {
        layout->plan.bounds =
            as_stored({part, 0, 0}, facts.orientation, facts.width_px, facts.height_px).region;
    }
    return layout;
}

}  // namespace safelight
