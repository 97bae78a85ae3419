// Retention on SQLite.
#include "catalog/sql/retention.h"

#include "catalog/sqlite/database.h"
#include "catalog/sqlite/deletion.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<Retention> make_retention(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlRetention<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
