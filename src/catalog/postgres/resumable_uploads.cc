// Uploads that arrive in parts, on PostgreSQL.
#include "catalog/sql/resumable_uploads.h"

#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {

std::unique_ptr<ResumableUploads> make_resumable_uploads(Pool& pool) {
    return std::make_unique<SqlResumableUploads<Database>>(Database{pool});
}

}  // namespace safelight::postgres
