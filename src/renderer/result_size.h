// How large results will be, before anything is decoded: what estimates of memory and time stand on.
#pragma once

#include "image/facts.h"
#include "image/limits.h"
#include "transform/transform.h"

namespace safelight {

/// In pixels, possibly a little too large: sides are not rounded.
struct ResultSize {
    double width = 0;
    double height = 0;

    [[nodiscard]] double pixels() const { return width * height; }
};

/// The largest that a transform of such a picture can lead to. What trim leaves may have any shape: the
/// largest result of any part of the picture.
[[nodiscard]] ResultSize largest_result(const Transform& transform, const ImageFacts& facts,
                                        const ImageLimits& limits);

/// False for what is refused.
[[nodiscard]] bool is_within(const ResultSize& size, const ImageLimits& limits);

/// What the result will be; where the server chooses, the one that costs it most.
[[nodiscard]] Format likely_format(const ImageFacts& facts, const Transform& transform);

/// Frames that a result can have at most; 1 and more.
[[nodiscard]] double frames_of(const ImageFacts& facts, const Transform& transform, Format result);

/// Pixels of the canvas in which a rotation by no quarter is done; 0 without one. It begins with a picture of
/// no more than twice the result's resolution.
[[nodiscard]] double rotated_pixels(const Transform& transform, const ImageFacts& facts,
                                    const ResultSize& result);

}  // namespace safelight
