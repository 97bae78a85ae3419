// Bulk operations on SQLite.
#include "catalog/sql/bulk_operations.h"

#include "catalog/sqlite/database.h"
#include "catalog/sqlite/deletion.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<BulkOperations> make_bulk_operations(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlBulkOperations<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
