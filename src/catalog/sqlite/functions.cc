#include "catalog/sqlite/functions.h"

#include <bit>
#include <cstdint>

namespace safelight::sqlite {
namespace {

void hamming_distance(sqlite3_context* context, int /*count: always 2*/, sqlite3_value** values) {
    const auto one = static_cast<std::uint64_t>(sqlite3_value_int64(values[0]));
    const auto other = static_cast<std::uint64_t>(sqlite3_value_int64(values[1]));
    sqlite3_result_int(context, std::popcount(one ^ other));
}

}  // namespace

int add_functions(sqlite3* database) {
    return sqlite3_create_function_v2(database, "hamming_distance", 2,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
                                      hamming_distance, nullptr, nullptr, nullptr);
}

}  // namespace safelight::sqlite
