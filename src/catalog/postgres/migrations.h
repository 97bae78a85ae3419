// The schema's versions: migrations/postgres/*.sql, embedded at build time.
#pragma once

#include <span>

#include "catalog/postgres/connection.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/sql/schema_version.h"

namespace safelight::postgres {

/// In order of version.
[[nodiscard]] std::span<const Migration> migrations();

/// 0 for an empty schema.
[[nodiscard]] Result<std::uint32_t> schema_version(Connection& connection);

[[nodiscard]] ConnectionOptions options_of(const PostgresConfig& config);
/// To the server at `read_url`.
[[nodiscard]] ConnectionOptions standby_options(const PostgresConfig& config);

}  // namespace safelight::postgres
