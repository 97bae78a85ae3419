#include "catalog/postgres/reads.h"

#include "catalog/postgres/statements.h"

namespace safelight::postgres {

Status Reads::require_caught_up(Connection& connection) {
    const std::int64_t wanted = primary_.written_position();
    // A standby only goes forward, so that what this connection was told once stays true.
    if (connection.replayed_position() < wanted) {
        TRY_ASSIGN(Answer answer, connection.query(sql::replayed_position));
        if (answer.next() && !answer.is_null(0)) connection.set_replayed_position(answer.integer(0));
        if (connection.replayed_position() < wanted) {
            return failure(ErrorCode::overloaded, "The catalog is too busy at the moment.",
                           "the standby is behind");
        }
    }
    ++caught_up_;
    return {};
}

}  // namespace safelight::postgres
