// For tests: which members of a transform are refused.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "transform/transform.h"

namespace safelight::testing {

using Pointers = std::vector<std::string>;

/// The pointers of all faults of a JSON transform, sorted; empty when it is accepted.
[[nodiscard]] inline Pointers faulty(std::string_view json) {
    const auto transform = parse_transform(json);
    Pointers pointers;
    if (!transform) {
        for (const Fault& fault : transform.error().faults) pointers.push_back(fault.pointer);
    }
    std::ranges::sort(pointers);
    return pointers;
}

}  // namespace safelight::testing
