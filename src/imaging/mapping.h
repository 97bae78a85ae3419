// An orientation as arithmetic: where a displayed position is stored.
#pragma once

#include "image/facts.h"
#include "transform/transform.h"

namespace safelight {

/// From displayed to stored positions: first x and y change places, then the stored axes run backwards.
struct Mapping {
    bool swaps = false;
    bool mirrors_x = false;
    bool mirrors_y = false;

    bool operator==(const Mapping&) const = default;
};

[[nodiscard]] Mapping mapping_of(Orientation orientation);

/// The one turn that comes to the same as `first` and then `second`.
[[nodiscard]] Orientation combined(Orientation first, Orientation second);

/// The turn that undoes it.
[[nodiscard]] Orientation inverse(Orientation orientation);

/// Rotated clockwise by so many quarters (0–3), then flipped.
[[nodiscard]] Orientation turn_of(unsigned quarters, Flip flip);

}  // namespace safelight
