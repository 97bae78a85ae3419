// The schema's versions: migrations/sqlite/*.sql, embedded at build time.
#pragma once

#include <cstdint>
#include <span>

namespace safelight::sqlite {

struct Migration {
    std::uint32_t version = 0;  // 1, 2, 3, …
    const char* name = "";      // "0001_initial"
    const char* up = "";
    const char* down = "";
};

/// In order of version.
[[nodiscard]] std::span<const Migration> migrations();

}  // namespace safelight::sqlite
