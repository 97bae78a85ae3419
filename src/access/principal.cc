#include "access/principal.h"

#include <fmt/format.h>

namespace safelight {

Status require(const Principal& principal, Scope scope) {
    if (principal.scopes.has(scope)) return {};
    return failure(ErrorCode::forbidden,
                   fmt::format("The request's credentials lack the scope \"{}\".", name_of(scope)));
}

}  // namespace safelight
