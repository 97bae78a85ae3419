// Accounts on SQLite.
#include "catalog/sql/accounts.h"
#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<Accounts> make_accounts(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlAccounts<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
