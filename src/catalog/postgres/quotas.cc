// Quotas on PostgreSQL.
#include "catalog/sql/quotas.h"

#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {

std::unique_ptr<UploadQuotas> make_upload_quotas(Pool& pool) {
    return std::make_unique<SqlUploadQuotas<Database>>(Database{pool});
}

}  // namespace safelight::postgres
