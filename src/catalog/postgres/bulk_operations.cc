// Bulk operations on PostgreSQL.
#include "catalog/sql/bulk_operations.h"

#include "catalog/postgres/database.h"
#include "catalog/postgres/deletion.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {

std::unique_ptr<BulkOperations> make_bulk_operations(Pool& pool) {
    return std::make_unique<SqlBulkOperations<Database>>(Database{pool});
}

}  // namespace safelight::postgres
