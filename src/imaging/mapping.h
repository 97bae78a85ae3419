// An orientation as arithmetic: where a displayed position is stored.
#pragma once

#include "image/facts.h"

namespace safelight {

/// From displayed to stored positions: first x and y change places, then the stored axes run backwards.
struct Mapping {
    bool swaps = false;
    bool mirrors_x = false;
    bool mirrors_y = false;

    bool operator==(const Mapping&) const = default;
};

[[nodiscard]] Mapping mapping_of(Orientation orientation);

}  // namespace safelight
