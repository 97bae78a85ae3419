// The head of one part of a multipart/form-data body.
#pragma once

#include <string_view>

#include "http/multipart.h"

namespace safelight::http {

/// `text` holds the part's header lines, each with its CRLF, without the empty line.
/// Errors: invalid_argument (malformed, no name, a nested multipart, a transfer encoding).
[[nodiscard]] Result<PartHead> parse_part_head(std::string_view text);

}  // namespace safelight::http
