// Quotas on SQLite.
#include "catalog/sql/quotas.h"

#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<UploadQuotas> make_upload_quotas(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlUploadQuotas<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
