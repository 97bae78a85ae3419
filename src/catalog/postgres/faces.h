// The interfaces of the catalog over one pool of connections that write, and a way to read.
#pragma once

#include <memory>

#include "catalog/catalog.h"
#include "catalog/postgres/pool.h"
#include "catalog/postgres/reads.h"

namespace safelight::postgres {

/// `pool` and `reads` must outlive what is made.
[[nodiscard]] std::unique_ptr<Catalog> make_jobs(Pool& pool, Reads& reads);
[[nodiscard]] std::unique_ptr<JobClaims> make_claims(Pool& pool);
[[nodiscard]] std::unique_ptr<BlobLedger> make_ledger(Pool& pool);
[[nodiscard]] std::unique_ptr<JobControl> make_control(Pool& pool);
[[nodiscard]] std::unique_ptr<BulkOperations> make_bulk_operations(Pool& pool);
[[nodiscard]] std::unique_ptr<JobChanges> make_changes(Pool& pool);
[[nodiscard]] std::unique_ptr<Rerenders> make_rerenders(Pool& pool);
[[nodiscard]] std::unique_ptr<Accounts> make_accounts(Pool& pool);
[[nodiscard]] std::unique_ptr<Idempotency> make_idempotency(Pool& pool);

}  // namespace safelight::postgres
