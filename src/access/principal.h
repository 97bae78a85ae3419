// On whose behalf a request acts, and what it may do.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/accounts.h"

namespace safelight {

struct Principal {
    AccountId account;
    Scopes scopes;
    std::string name;  // for the log: the id of the key or the subject of the token, never a secret
};

/// Errors: forbidden.
[[nodiscard]] Status require(const Principal& principal, Scope scope);

}  // namespace safelight
