// Jobs that are tried again or called off, on PostgreSQL.
#include "catalog/sql/control.h"
#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {

std::unique_ptr<JobControl> make_control(Pool& pool) {
    return std::make_unique<SqlControl<Database>>(Database{pool});
}

}  // namespace safelight::postgres
