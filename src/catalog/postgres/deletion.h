// Deleting within a transaction.
#pragma once

#include <span>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/postgres/connection.h"

namespace safelight::postgres {

/// As Catalog::delete_job.
[[nodiscard]] Result<Deletion> delete_job(Connection& connection, AccountId owner, JobId id);

/// Live blobs that nothing refers to any more.
[[nodiscard]] Status doom_all(Connection& connection, std::span<const BlobKey> keys);

}  // namespace safelight::postgres
