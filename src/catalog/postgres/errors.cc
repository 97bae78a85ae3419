#include "catalog/postgres/errors.h"

#include <algorithm>
#include <array>
#include <utility>

namespace safelight::postgres {

ErrorCode meaning_of(std::string_view sqlstate) {
    if (sqlstate == "23505") return ErrorCode::conflict;  // unique_violation
    if (sqlstate == "53100") return ErrorCode::storage_full;
    if (sqlstate.empty()) return ErrorCode::unavailable;
    constexpr std::array<std::string_view, 4> passing{
        "25006",  // read_only_sql_transaction
        "55P03",  // lock_not_available
        "42501",  // insufficient_privilege
        "26000",  // invalid_sql_statement_name
    };
    if (std::ranges::find(passing, sqlstate) != passing.end()) return ErrorCode::unavailable;
    // Connection, authorisation, no such database, rollback, resources, intervention, system, corruption.
    constexpr std::array<std::string_view, 8> classes{"08", "28", "3D", "40", "53", "57", "58", "XX"};
    const bool is_passing = std::ranges::find(classes, sqlstate.substr(0, 2)) != classes.end();
    if (is_passing && sqlstate != "XX000") return ErrorCode::unavailable;
    return ErrorCode::internal;
}

bool is_worth_repeating(std::string_view sqlstate) {
    return sqlstate == "40001" || sqlstate == "40P01";  // serialization_failure, deadlock_detected
}

bool needs_new_connection(std::string_view sqlstate) {
    if (sqlstate.empty() || sqlstate.starts_with("08")) return true;
    constexpr std::array<std::string_view, 6> codes{
        "25006",           // a primary that became a standby
        "26000", "0A000",  // a prepared statement that is gone, or whose result has changed
        "57P01", "57P02", "57P03",
    };
    return std::ranges::find(codes, sqlstate) != codes.end();
}

Error error_with(ErrorCode code, std::string log_text) {
    std::string public_text = "Something went wrong.";
    if (code == ErrorCode::storage_full) public_text = "No space is left to store this.";
    if (code == ErrorCode::conflict) public_text = "This exists already.";
    if (code == ErrorCode::unavailable) public_text = "The catalog cannot be reached at the moment.";
    return Error{code, std::move(public_text), std::move(log_text), {}};
}

}  // namespace safelight::postgres
