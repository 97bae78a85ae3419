// The schema's versions: migrations/sqlite/*.sql, embedded at build time.
#pragma once

#include <span>

#include "catalog/sql/schema_version.h"

namespace safelight::sqlite {

/// In order of version.
[[nodiscard]] std::span<const Migration> migrations();

}  // namespace safelight::sqlite
