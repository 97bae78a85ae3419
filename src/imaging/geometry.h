// How a transform meets a picture: which part of it is taken, and how many pixels come out.
//
// Rounding: the scale is computed in floating point from the displayed sides; each side of the result is the
// scaled side rounded half up, and never less than 1. `cover` takes a centred part of the picture whose edges
// may lie between pixels, so that what is cut off is the same on both sides whatever the orientation.
//
// Without `enlarge`: inside and outside scale by 1 at most; fill takes each side of the picture at most;
// cover shrinks its box until the picture fills it, so that a square stays a square.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "image/facts.h"
#include "image/limits.h"
#include "transform/transform.h"

namespace safelight {

/// A part of a picture in pixels, not necessarily whole ones.
struct Region {
    double left = 0;
    double top = 0;
    double width = 0;
    double height = 0;

    bool operator==(const Region&) const = default;
};

struct Plan {
    Region region;  // of the displayed picture
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;

    bool operator==(const Plan&) const = default;
};

/// `width_px` and `height_px` are the picture's sides as displayed, both at least 1. Error:
/// unsupported_transform when the result would have more pixels, or a longer side, than `limits` allow for a
/// picture.
[[nodiscard]] Result<Plan> plan_resize(const std::optional<Resize>& resize, std::uint32_t width_px,
                                       std::uint32_t height_px, const ImageLimits& limits);

/// The same plan for the pixels as they are stored, before `orientation` is applied.
[[nodiscard]] Plan as_stored(const Plan& plan, Orientation orientation);

}  // namespace safelight
