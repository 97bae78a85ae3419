#include "catalog/sql/schema_version.h"

#include <fmt/format.h>

namespace safelight {

std::uint32_t newest_version(std::span<const Migration> migrations) {
    return migrations.empty() ? 0 : migrations.back().version;
}

Status refuse_newer(std::uint32_t version, std::uint32_t newest) {
    if (version <= newest) return {};
    return failure(
        ErrorCode::conflict,
        fmt::format("The catalog's schema has version {}, and this program knows versions up to {}. Use "
                    "the newer program, or take the schema back with its `safelight migrate down`.",
                    version, newest));
}

Status require_newest(std::uint32_t version, std::uint32_t newest) {
    TRY(refuse_newer(version, newest));
    if (version == newest) return {};
    return failure(ErrorCode::conflict,
                   fmt::format("The catalog's schema has version {}, and this program needs version {}: run "
                               "`safelight migrate up`.",
                               version, newest));
}

}  // namespace safelight
