// Which of several wanted sizes are made from the source, and which from a larger one of them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "imaging/geometry.h"

namespace safelight {

struct Derivation {
    std::optional<std::size_t> parent =
        {};          // index of the plan whose pixels it is made from; empty: the source
    Plan plan = {};  // in pixels of the parent, or of the source

    bool operator==(const Derivation&) const = default;
};

/// A plan is derived from another that shows all of its part at twice its resolution at least, and looks no
/// further: then the resampler still has the last word, and what it sees was made in linear light too.
/// Parents are made from the source. One entry for each plan.
[[nodiscard]] std::vector<Derivation> derive(std::span<const Plan> plans);

}  // namespace safelight
