// What the server says by itself.
#pragma once

#include <string_view>

#include "http/server.h"

namespace safelight::http {

/// By the hook; in plain text when there is none, or when it throws. Adds Retry-After where the client may
/// come again.
[[nodiscard]] Response render_problem(const ServerHooks& hooks, ServerProblem problem,
                                      std::string_view detail, const Request* request);

}  // namespace safelight::http
