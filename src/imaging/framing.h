// Where on a picture a window lies whose place depends on the picture: on its focal point, or on what it
// shows.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "image/facts.h"
#include "image/focal_point.h"
#include "imaging/geometry.h"
#include "imaging/pixels.h"
#include "imaging/rotate.h"
#include "transform/transform.h"

namespace safelight {

/// What is known of a picture beside its facts, as far as a transform asks for it.
struct Sight {
    std::optional<FocalPoint> focal_point = {};  // empty: the centre
    std::optional<Region> content = {};  // of the displayed picture, without the border that is trimmed
    const Pixels* view = nullptr;        // all of the displayed picture, small: see needs_view
};

/// True when a gravity of the transform depends on what the picture shows.
[[nodiscard]] bool needs_view(const Transform& transform);

/// True for a resize that cuts off what its gravity does not keep.
[[nodiscard]] bool covers_box(const std::optional<Resize>& resize);

/// The picture that a window lies on: a part of the displayed picture, rotated about its centre, then turned.
struct Framing {
    Region part;
    Hundredths degrees{0};
    Orientation turn = Orientation::upright;
};

/// The top left corner of a window of these sides on the framed picture, in its pixels, from 0 to where the
/// window ends with the picture. Focal: the point lies as near to the window's middle as that allows. Without
/// a view, attention and entropy choose the middle. `gravity` may be a compass point as well.
[[nodiscard]] Point window_corner(Gravity gravity, const Framing& framing, double width, double height,
                                  const ImageFacts& facts, const Sight& sight);

/// The framed picture's sides.
[[nodiscard]] Sides framed_sides(const Framing& framing);

}  // namespace safelight
