// W3C Trace Context, the part that a server reads.
#pragma once

#include <string_view>

namespace safelight::http {

/// The trace id of a valid `traceparent` value: 32 lower-case hexadecimal digits; else empty.
[[nodiscard]] std::string_view trace_id_of(std::string_view traceparent);

}  // namespace safelight::http
