// Deleting within a transaction.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/postgres/connection.h"

namespace safelight::postgres {

/// As Catalog::delete_job.
[[nodiscard]] Result<Deletion> delete_job(Connection& connection, AccountId owner, JobId id);

}  // namespace safelight::postgres
