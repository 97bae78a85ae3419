// The database's file: how it is created, opened, and which version it has.
#pragma once

#include "base/result.h"
#include "catalog/sql/schema_version.h"
#include "catalog/sqlite/connection.h"
#include "catalog/sqlite/sqlite_catalog.h"

namespace safelight::sqlite {

/// An empty file, readable and writable by its owner alone; SQLite gives its log the same mode. One that is
/// there is left as it is. Errors: unavailable, storage_full.
[[nodiscard]] Status create_file(const std::string& path);

[[nodiscard]] ConnectionOptions writer_options(const SqliteConfig& config);
[[nodiscard]] ConnectionOptions reader_options(const SqliteConfig& config);

/// Version 0 for an empty database.
[[nodiscard]] Result<SchemaVersion> schema_version(Connection& connection);
/// Whether it is noted of each migration who can work with it; false as well without a table of them.
[[nodiscard]] Result<bool> notes_compatibility(Connection& connection);

}  // namespace safelight::sqlite
