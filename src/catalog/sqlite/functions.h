// What our SQL calls that SQLite does not know.
#pragma once

#include <sqlite3.h>

namespace safelight::sqlite {

/// hamming_distance(a, b): in how many bits two integers differ. Returns SQLite's code.
[[nodiscard]] int add_functions(sqlite3* database);

}  // namespace safelight::sqlite
