#pragma once

#include <string>
#include <string_view>

#include "imaging/container/byte_view.h"

namespace safelight {

/// The value of a property of an XMP packet under its usual prefix ("dc:creator"), as an attribute, an
/// element, or a list, whose items come with "; " between them. Texts as text_of gives them. Empty when there
/// is none. No XML parser: what cannot be read that way is left out.
[[nodiscard]] std::string xmp_text(ByteView packet, std::string_view property);

/// The same; of a list the first item, which is the one of the default language.
[[nodiscard]] std::string first_xmp_text(ByteView packet, std::string_view property);

}  // namespace safelight
