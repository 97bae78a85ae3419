// What a transform comes to with one picture, before a pixel is decoded.
#pragma once

#include "base/result.h"
#include "image/facts.h"
#include "image/limits.h"
#include "imaging/geometry.h"
#include "transform/transform.h"

namespace safelight {

struct Layout {
    Plan plan;         // of the pixels as stored
    Orientation turn;  // how the plan's result is turned afterwards
    Canvas canvas;     // of the result as displayed

    bool operator==(const Layout&) const = default;
};

/// Errors: unsupported_transform when the crop lies outside of the picture, or when the result would have
/// more pixels, or a longer side, than `limits` allow for a picture.
[[nodiscard]] Result<Layout> lay_out(const Transform& transform, const ImageFacts& facts,
                                     const ImageLimits& limits);

}  // namespace safelight
