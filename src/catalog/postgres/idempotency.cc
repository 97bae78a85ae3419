// Kept answers on PostgreSQL.
#include "catalog/sql/idempotency.h"

#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {

std::unique_ptr<Idempotency> make_idempotency(Pool& pool) {
    return std::make_unique<SqlIdempotency<Database>>(Database{pool});
}

}  // namespace safelight::postgres
