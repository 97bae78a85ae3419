// Accounts on PostgreSQL.
#include <utility>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/rows.h"
#include "catalog/sql/accounts.h"

namespace safelight::postgres {
namespace {

/// As SqlAccounts wants it. Keys are read at the primary: a standby may not know yet that one was revoked.
struct Database {
    Pool& pool;

    template <class Work>
    auto write(Work&& work) {
        return pool.write(std::forward<Work>(work));
    }
    template <class Work>
    auto read(Work&& work) {
        return pool.read(std::forward<Work>(work));
    }
};

}  // namespace

std::unique_ptr<Accounts> make_accounts(Pool& pool) {
    return std::make_unique<SqlAccounts<Database>>(Database{pool});
}

}  // namespace safelight::postgres
