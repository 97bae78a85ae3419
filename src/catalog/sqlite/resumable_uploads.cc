// Uploads that arrive in parts, on SQLite.
#include "catalog/sql/resumable_uploads.h"

#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<ResumableUploads> make_resumable_uploads(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlResumableUploads<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
