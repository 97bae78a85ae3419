// Records out of answers that have each record once for each of its variants.
#pragma once

#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/postgres/connection.h"
#include "catalog/sql/rows.h"

namespace safelight::postgres {

/// Job, image, variant; newest first.
[[nodiscard]] Result<std::vector<Job>> read_jobs(Answer answer);
/// Job, image, change, variant; in the order of changes.
[[nodiscard]] Result<std::vector<JobChange>> read_job_changes(Answer answer);
/// Image, variant; newest first.
[[nodiscard]] Result<std::vector<Image>> read_images(Answer answer);
/// One record a row.
template <class Record>
[[nodiscard]] Result<std::vector<Record>> read_all(Answer answer, Record (*read)(Columns&)) {
    std::vector<Record> records;
    while (answer.next()) {
        Columns columns{answer};
        records.push_back(read(columns));
        TRY(columns.status());
    }
    return records;
}

/// With its image and variants. Errors: not_found, also for somebody else's.
[[nodiscard]] Result<Job> job_by_id(Connection& connection, AccountId owner, JobId id);

}  // namespace safelight::postgres
