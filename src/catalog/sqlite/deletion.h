// Deleting within a transaction.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sqlite/connection.h"

namespace safelight::sqlite {

/// As Catalog::delete_job.
[[nodiscard]] Result<Deletion> delete_job(Connection& connection, AccountId owner, JobId id);

}  // namespace safelight::sqlite
