#pragma once

#include <string_view>

namespace safelight {

/// True when an XML document begins whose root element is "svg", with or without a prefix: behind a byte
/// order mark, an XML declaration, processing instructions, comments and a document type, as far as these end
/// within `head`. UTF-8 alone. Time is linear in `head`.
[[nodiscard]] bool begins_svg(std::string_view head);

}  // namespace safelight
