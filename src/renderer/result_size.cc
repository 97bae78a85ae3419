#include "renderer/result_size.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace safelight {
namespace {

ResultSize scaled(const ResultSize& size, double scale) {
    // Sides are rounded.
    return {size.width * scale + 1, size.height * scale + 1};
}

ResultSize turned(const ResultSize& size, Hundredths degrees) {
    const double angle = degrees.value() * std::numbers::pi / 180;
    const double across = std::abs(std::cos(angle));
    const double along = std::abs(std::sin(angle));
    return {size.width * across + size.height * along, size.width * along + size.height * across};
}

/// The sides that a resize leads to, canvas included.
ResultSize resized(const Resize& resize, const ResultSize& size) {
    const double dpr = resize.dpr.value();
    const auto by = [&](double scale) { return scaled(size, resize.enlarge ? scale : std::min(scale, 1.0)); };
    if (resize.longest_side_px) return by(*resize.longest_side_px * dpr / std::max(size.width, size.height));
    if (resize.area_px) return by(std::sqrt(*resize.area_px / size.pixels()) * dpr);
    const auto scale_to = [dpr](const std::optional<std::uint32_t>& side, double of) {
        return *side * dpr / of;
    };
    if (!resize.width_px && !resize.height_px) return size;
    if (!resize.height_px) return by(scale_to(resize.width_px, size.width));
    if (!resize.width_px) return by(scale_to(resize.height_px, size.height));
    const double across = scale_to(resize.width_px, size.width);
    const double down = scale_to(resize.height_px, size.height);
    const ResultSize box{*resize.width_px * dpr + 1, *resize.height_px * dpr + 1};
    switch (resize.fit) {
        case Fit::inside:
            return by(std::min(across, down));
        case Fit::outside:
            return by(std::max(across, down));
        case Fit::contain:
            return box;
        case Fit::cover:
        case Fit::fill:
            break;
    }
    if (resize.enlarge) return box;
    return {std::min(box.width, size.width + 1), std::min(box.height, size.height + 1)};
}

ResultSize result_of(const Transform& transform, const ImageFacts& facts) {
    ResultSize size{static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)};
    if (transform.crop) {
        // What lies outside of the picture is cut off; a crop by gravity has no corner.
        const Crop& crop = *transform.crop;
        size.width = std::clamp(size.width - crop.x_px, 1.0, static_cast<double>(crop.width_px));
        size.height = std::clamp(size.height - crop.y_px, 1.0, static_cast<double>(crop.height_px));
    }
    size = turned(size, transform.rotate);
    if (transform.resize) size = resized(*transform.resize, size);
    size.width += transform.pad.left_px + transform.pad.right_px;
    size.height += transform.pad.top_px + transform.pad.bottom_px;
    return size;
}

}  // namespace

ResultSize largest_result(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits) {
    ResultSize size = result_of(transform, facts);
    if (!transform.trim || !transform.resize || transform.resize->area_px) return size;
    const Resize& resize = *transform.resize;
    const double dpr = resize.dpr.value();
    if (resize.longest_side_px) {
        size.width = size.height = *resize.longest_side_px * dpr + 1;
    } else if (resize.width_px && resize.height_px && resize.fit != Fit::outside) {
        size = {*resize.width_px * dpr + 1, *resize.height_px * dpr + 1};
    } else if (resize.enlarge) {
        size.width = size.height = std::sqrt(static_cast<double>(limits.pixels_max));
        return size;
    } else {
        size = turned({static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)},
                      transform.rotate);
    }
    size.width += transform.pad.left_px + transform.pad.right_px;
    size.height += transform.pad.top_px + transform.pad.bottom_px;
    return size;
}

/// A rounded side too many is not what decides.
bool is_within(const ResultSize& size, const ImageLimits& limits) {
    const double side_max = limits.side_max_px + 2.0;
    return size.width <= side_max && size.height <= side_max &&
           (size.width - 2) * (size.height - 2) <= static_cast<double>(limits.pixels_max);
}

Format likely_format(const ImageFacts& facts, const Transform& transform) {
    return transform.automatic_format ? Format::webp : transform.format.value_or(facts.format);
}

double frames_of(const ImageFacts& facts, const Transform& transform, Format result) {
    const bool can_move = can_be_animated(facts.format) && can_be_animated(result);
    return can_move && transform.animation == Animation::keep ? std::max(facts.frames, 1U) : 1;
}

double rotated_pixels(const Transform& transform, const ImageFacts& facts, const ResultSize& result) {
    if (quarter_turns(transform.rotate)) return 0;
    const ResultSize whole{static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)};
    return std::min(turned(whole, transform.rotate).pixels(), 4 * result.pixels());
}

}  // namespace safelight
