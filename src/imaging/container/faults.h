// What the container checks say when they refuse.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace safelight {

/// The public text names the format alone; `detail` is for the log.
[[nodiscard]] inline std::unexpected<Error> damaged(std::string_view format, std::string_view detail) {
    return failure(ErrorCode::invalid_image, "The " + std::string(format) + " is damaged.",
                   std::string(detail));
}

[[nodiscard]] inline std::unexpected<Error> not_taken(std::string_view format, std::string_view detail) {
    return failure(ErrorCode::unsupported_image, "This kind of " + std::string(format) + " is not supported.",
                   std::string(detail));
}

}  // namespace safelight
