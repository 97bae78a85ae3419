// Jobs that are tried again or called off, on SQLite.
#include "catalog/sql/control.h"
#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<JobControl> make_control(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlControl<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
