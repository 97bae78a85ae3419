#include "catalog/sql/schema_version.h"

#include <fmt/format.h>

namespace safelight {

SchemaVersion read_schema_version(Columns& columns) {
    SchemaVersion schema;
    schema.version = columns.number<std::uint32_t>();
    schema.compatible_from = columns.number<std::uint32_t>();
    return schema;
}

std::uint32_t newest_version(std::span<const Migration> migrations) {
    return migrations.empty() ? 0 : migrations.back().version;
}

Status refuse_newer(const SchemaVersion& schema, std::uint32_t newest) {
    if (schema.version <= newest) return {};
    return failure(
        ErrorCode::conflict,
        fmt::format("The catalog's schema has version {}, and this program knows versions up to {}. Use "
                    "the newer program, or take the schema back with its `safelight migrate down`.",
                    schema.version, newest));
}

Status refuse_incompatible(const SchemaVersion& schema, std::uint32_t newest) {
    if (schema.compatible_from <= newest) return {};
    return failure(
        ErrorCode::conflict,
        fmt::format("The catalog's schema has version {}, which needs a program that knows version {}, and "
                    "this one knows versions up to {}. Use the newer program, or take the schema back with "
                    "its `safelight migrate down`.",
                    schema.version, schema.compatible_from, newest));
}

Status require_usable(const SchemaVersion& schema, std::uint32_t newest) {
    TRY(refuse_incompatible(schema, newest));
    if (schema.version >= newest) return {};
    return failure(ErrorCode::conflict,
                   fmt::format("The catalog's schema has version {}, and this program needs version {}: run "
                               "`safelight migrate up`.",
                               schema.version, newest));
}

}  // namespace safelight
