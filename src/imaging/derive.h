// Which of several wanted sizes are made from the source, and which from a larger one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "imaging/geometry.h"

namespace safelight {

struct Derivation {
    std::optional<std::size_t> parent =
        {};                        // index of the plan whose pixels it is made from; empty: the source
    Plan plan = {};                // in pixels of the parent, or of the source
    std::uint32_t generation = 0;  // one more than the parent's; 0: made from the source

    bool operator==(const Derivation&) const = default;
};

/// A plan is derived from another that shows all of its part at twice its resolution at least, and looks no
/// further: then the resampler still has the last word, and what it sees was made in linear light too. A
/// parent may be derived itself; how far that goes without being seen was measured (bench/quality.py).
/// One entry for each plan.
[[nodiscard]] std::vector<Derivation> derive(std::span<const Plan> plans);

}  // namespace safelight
