#include "imaging/mapping.h"

#include <array>

namespace safelight {

Mapping mapping_of(Orientation orientation) {
    switch (orientation) {
        case Orientation::upright:
            return {};
        case Orientation::mirrored:
            return {.mirrors_x = true};
        case Orientation::turned_180:
            return {.mirrors_x = true, .mirrors_y = true};
        case Orientation::mirrored_180:
            return {.mirrors_y = true};
        case Orientation::mirrored_270:
            return {.swaps = true};
        case Orientation::turned_90:
            return {.swaps = true, .mirrors_y = true};
        case Orientation::mirrored_90:
            return {.swaps = true, .mirrors_x = true, .mirrors_y = true};
        case Orientation::turned_270:
            return {.swaps = true, .mirrors_x = true};
    }
    return {};
}

Orientation combined(Orientation first, Orientation second) {
    // From the outermost positions inwards: those after `second`, then those after `first`, then the stored.
    const Mapping outer = mapping_of(second);
    const Mapping inner = mapping_of(first);
    const Mapping both{.swaps = outer.swaps != inner.swaps,
                       .mirrors_x = inner.mirrors_x != (inner.swaps ? outer.mirrors_y : outer.mirrors_x),
                       .mirrors_y = inner.mirrors_y != (inner.swaps ? outer.mirrors_x : outer.mirrors_y)};
    for (int i = 1; i <= 8; ++i) {
        if (mapping_of(static_cast<Orientation>(i)) == both) return static_cast<Orientation>(i);
    }
    return Orientation::upright;
}

Orientation inverse(Orientation orientation) {
    // Only the two quarter turns do not undo themselves.
    if (orientation == Orientation::turned_90) return Orientation::turned_270;
    if (orientation == Orientation::turned_270) return Orientation::turned_90;
    return orientation;
}

Orientation turn_of(unsigned quarters, Flip flip) {
    constexpr std::array turns{Orientation::upright, Orientation::turned_90, Orientation::turned_180,
                               Orientation::turned_270};
    constexpr std::array flips{Orientation::upright, Orientation::mirrored, Orientation::mirrored_180};
    return combined(turns[quarters % turns.size()], flips[static_cast<std::size_t>(flip)]);
}

}  // namespace safelight
