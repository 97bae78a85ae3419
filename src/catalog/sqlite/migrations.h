// The schema's versions: migrations/sqlite/*.sql, embedded at build time.
#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "catalog/sql/migrator.h"
#include "catalog/sqlite/sqlite_catalog.h"

namespace safelight::sqlite {

/// In order of version.
[[nodiscard]] std::span<const Migration> migrations();

/// Creates the file when it is not there. Errors: those of make_sqlite_migrator.
[[nodiscard]] Result<std::unique_ptr<VersionedSchema>> open_schema(const SqliteConfig& config);

}  // namespace safelight::sqlite
