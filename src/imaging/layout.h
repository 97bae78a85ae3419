// What a transform comes to with one picture, before a pixel is decoded.
#pragma once

#include <optional>

#include "base/result.h"
#include "image/facts.h"
#include "image/limits.h"
#include "imaging/framing.h"
#include "imaging/geometry.h"
#include "transform/transform.h"

namespace safelight {

/// A rotation by another angle than quarters is a pass of its own, of pixels that are as many as the result
/// needs: at least twice its resolution where the picture has it.
struct Rotation {
    Hundredths degrees;
    Plan plan;         // of rotate()'s result
    Orientation flip;  // how the plan's result is turned afterwards

    bool operator==(const Rotation&) const = default;
};

struct Layout {
    Plan plan;                              // of the pixels as stored
    Orientation turn;                       // how the plan's result is turned afterwards
    Canvas canvas;                          // of the result as displayed
    std::optional<Rotation> rotation = {};  // after the turn

    bool operator==(const Layout&) const = default;
};

/// Errors: unsupported_transform when the crop lies outside of the picture, or when the result, or what is
/// rotated for it, would have more pixels, or a longer side, than `limits` allow for a picture.
[[nodiscard]] Result<Layout> lay_out(const Transform& transform, const ImageFacts& facts,
                                     const ImageLimits& limits, const Sight& sight = {});

}  // namespace safelight
