// The schema's versions: migrations/postgres/*.sql, embedded at build time.
#pragma once

#include <memory>
#include <span>

#include "catalog/postgres/connection.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/sql/migrator.h"

namespace safelight::postgres {

/// In order of version.
[[nodiscard]] std::span<const Migration> migrations();

/// Version 0 for an empty schema.
[[nodiscard]] Result<SchemaVersion> schema_version(Connection& connection);
/// Over a connection of its own. Errors: those of make_postgres_migrator.
[[nodiscard]] Result<std::unique_ptr<VersionedSchema>> open_schema(const PostgresConfig& config);

[[nodiscard]] ConnectionOptions options_of(const PostgresConfig& config);
/// To the server at `read_url`.
[[nodiscard]] ConnectionOptions standby_options(const PostgresConfig& config);

}  // namespace safelight::postgres
