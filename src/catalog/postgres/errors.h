// What an error of the server means.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace safelight::postgres {

/// For an SQLSTATE; an empty one means that the connection died.
[[nodiscard]] ErrorCode meaning_of(std::string_view sqlstate);

/// The transaction was rolled back, and may well succeed when it is repeated.
[[nodiscard]] bool is_worth_repeating(std::string_view sqlstate);

/// Only a new connection may cure it: the server ends it, has become read-only, or has lost or outlived what
/// was prepared.
[[nodiscard]] bool needs_new_connection(std::string_view sqlstate);

/// With a public text that says nothing of the server.
[[nodiscard]] Error error_with(ErrorCode code, std::string log_text);

}  // namespace safelight::postgres
