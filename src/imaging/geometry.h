// How a transform meets a picture: which part of it is taken, and how many pixels come out.
//
// Rounding: the scale is computed in floating point from the displayed sides; each side of the result is the
// scaled side rounded half up, and never less than 1. `cover` takes a part of the picture whose edges may lie
// between pixels; in the centre, what is cut off is then the same on both sides whatever the orientation. A
// side of the box is multiplied by `dpr` and rounded half up before anything else.
//
// Without `enlarge`: inside, outside and contain scale by 1 at most; fill takes each side of the picture at
// most; cover shrinks its box until the picture fills it, so that a square stays a square.
#pragma once

#include <cstdint>
#include <optional>

#include "image/facts.h"
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
    std::optional<Region> bounds = {};  // nothing outside counts, not even at the edge; empty: the picture's
    Icc icc = Icc::srgb;                // how its colours are wanted

    bool operator==(const Plan&) const = default;
};

/// Where the resized picture lies on the result, which may be larger.
struct Canvas {
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::uint32_t left_px = 0;  // columns before the picture
    std::uint32_t top_px = 0;   // rows above the picture

    bool operator==(const Canvas&) const = default;
};

/// How much of the room that is left over lies left of, and above, what is placed: 0–1.
struct Fractions {
    double x = 0.5;
    double y = 0.5;

    bool operator==(const Fractions&) const = default;
};

/// Of a compass point; the centre for any other gravity.
[[nodiscard]] Fractions fractions_of(Gravity gravity);

/// `width_px` and `height_px` are the picture's sides as displayed, both at least 1.
[[nodiscard]] Plan plan_resize(const std::optional<Resize>& resize, std::uint32_t width_px,
                               std::uint32_t height_px);

/// For `contain` the box, on which the plan's result lies as gravity says; a pixel that cannot be halved goes
/// to the right and the bottom. For any other fit just the result.
[[nodiscard]] Canvas canvas_of(const std::optional<Resize>& resize, const Plan& plan);

/// The same plan for the pixels as they are stored, before `orientation` is applied; `width` and `height` are
/// the displayed sides.
[[nodiscard]] Plan as_stored(const Plan& plan, Orientation orientation, double width, double height);

/// The other way: where a part of the stored pixels is shown. `width` and `height` are the stored sides.
[[nodiscard]] Region as_displayed(const Region& stored, Orientation orientation, double width, double height);

/// The same plan for a picture that was decoded at 1/`shrink` of its sides.
[[nodiscard]] Plan shrunk(const Plan& plan, double shrink);

}  // namespace safelight
