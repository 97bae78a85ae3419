// JSON objects of strangers: a member that is there twice, which two readers may understand differently, is
// refused.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

namespace safelight {

/// The only value of `text`, an object without repeated members at any depth of at most `depth_max`; empty
/// when it is anything else.
[[nodiscard]] std::optional<boost::json::object> parse_strict_object(std::string_view text,
                                                                     std::size_t depth_max = 8);

}  // namespace safelight
