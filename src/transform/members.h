// A transform as a flat list of what is not as by default: what both spellings are written from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transform/transform.h"

namespace safelight {

struct Member {
    std::string_view section;  // the object of the JSON form that holds it; empty for the outermost
    std::string_view name;
    std::string value;
    bool quoted = false;  // a string in JSON
};

/// In the order of the JSON form; members of a section stand together.
[[nodiscard]] std::vector<Member> members_of(const Transform& transform);

}  // namespace safelight
