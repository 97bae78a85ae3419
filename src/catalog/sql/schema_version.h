// The schema's versions: migrations/BACKEND/*.sql, embedded at build time, and what is said when database and
// program do not fit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "catalog/sql/row.h"

namespace safelight {

struct Migration {
    std::uint32_t version = 0;  // 1, 2, 3, …
    /// What a program has to know at least to go on working after it: its own version, unless the file says
    /// an earlier one.
    std::uint32_t compatible_from = 0;
    const char* name = "";  // "0001_initial"
    const char* up = "";
    const char* down = "";
};

/// What a database says of its schema.
struct SchemaVersion {
    std::uint32_t version = 0;          // 0: it is empty
    std::uint32_t compatible_from = 0;  // who knows this version, or a later one, can work with it
};

namespace sql {

// Columns: version, compatible_from.

inline constexpr std::string_view schema_version =
    "SELECT coalesce(max(version), 0), coalesce(max(coalesce(compatible_from, version)), 0)"
    " FROM schema_migrations";
/// Of a table that an earlier program made: who does not know what was applied is not compatible.
inline constexpr std::string_view schema_version_without_note =
    "SELECT coalesce(max(version), 0), coalesce(max(version), 0) FROM schema_migrations";
inline constexpr std::string_view note_compatibility =
    "ALTER TABLE schema_migrations ADD COLUMN compatible_from integer";
inline constexpr std::string_view note_migration =
    "INSERT INTO schema_migrations (version, name, applied_at, compatible_from) VALUES ($1, $2, $3, $4)";

}  // namespace sql

[[nodiscard]] SchemaVersion read_schema_version(Columns& columns);

/// Of `migrations`, which are in order of version.
[[nodiscard]] std::uint32_t newest_version(std::span<const Migration> migrations);

// Of a program that knows versions up to `newest`. Errors: conflict; the text says what to do.

/// Refuses a database that is newer.
[[nodiscard]] Status refuse_newer(const SchemaVersion& schema, std::uint32_t newest);

/// Refuses a database that is newer, unless it says that this program can work with it.
[[nodiscard]] Status refuse_incompatible(const SchemaVersion& schema, std::uint32_t newest);

/// Likewise, and one that is older. For whoever opens it; what is open already is not looked at again when
/// somebody migrates.
[[nodiscard]] Status require_usable(const SchemaVersion& schema, std::uint32_t newest);

}  // namespace safelight
