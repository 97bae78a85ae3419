// Kept answers on SQLite.
#include "catalog/sql/idempotency.h"

#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<Idempotency> make_idempotency(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlIdempotency<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
