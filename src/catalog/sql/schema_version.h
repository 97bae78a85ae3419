// The schema's versions: migrations/BACKEND/*.sql, embedded at build time, and what is said when database and
// program do not fit.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace safelight {

struct Migration {
    std::uint32_t version = 0;  // 1, 2, 3, …
    const char* name = "";      // "0001_initial"
    const char* up = "";
    const char* down = "";
};

/// Of `migrations`, which are in order of version.
[[nodiscard]] std::uint32_t newest_version(std::span<const Migration> migrations);

/// Errors: conflict, when the database is newer than this program.
[[nodiscard]] Status refuse_newer(std::uint32_t version, std::uint32_t newest);

/// Errors: conflict, when the database is newer or older; the text says what to do.
[[nodiscard]] Status require_newest(std::uint32_t version, std::uint32_t newest);

}  // namespace safelight
