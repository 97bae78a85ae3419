// Quotas on PostgreSQL.
#include "catalog/sql/quotas.h"

#include <type_traits>
#include <utility>

#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {
namespace {

/// Its writes do not wait for the disk, nor do those that wait for their row then.
struct LeasingDatabase {
    Database inner;

    template <class Work>
    auto write(Work&& work) {
        return inner.write([&](Connection& connection) -> std::invoke_result_t<Work&, Connection&> {
            TRY(connection.run_later(sql::commit_without_waiting));
            return work(connection);
        });
    }
    template <class Work>
    auto read(Work&& work) {
        return inner.read(std::forward<Work>(work));
    }
};

}  // namespace

std::unique_ptr<UploadQuotas> make_upload_quotas(Pool& pool) {
    return std::make_unique<SqlUploadQuotas<LeasingDatabase>>(LeasingDatabase{{pool}});
}

}  // namespace safelight::postgres
