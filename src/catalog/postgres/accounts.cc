// Accounts on PostgreSQL.
#include "catalog/sql/accounts.h"
#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {

std::unique_ptr<Accounts> make_accounts(Pool& pool) {
    return std::make_unique<SqlAccounts<Database>>(Database{pool});
}

}  // namespace safelight::postgres
