// Accounts on SQLite.
#include <utility>

#include "catalog/sql/accounts.h"
#include "catalog/sqlite/faces.h"
#include "catalog/sqlite/rows.h"

namespace safelight::sqlite {
namespace {

/// As SqlAccounts wants it.
struct Database {
    GroupWriter& writer;
    ReaderPool& readers;

    template <class Work>
    auto write(Work&& work) {
        return writer.write(std::forward<Work>(work));
    }
    template <class Work>
    auto read(Work&& work) {
        return readers.read(std::forward<Work>(work));
    }
};

}  // namespace

std::unique_ptr<Accounts> make_accounts(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlAccounts<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
