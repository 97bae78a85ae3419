// Records that take a query of their own.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sql/rows.h"
#include "catalog/sqlite/connection.h"

namespace safelight::sqlite {

/// One record a row.
template <class Record>
[[nodiscard]] Result<std::vector<Record>> read_all(Query query, Record (*read)(Columns&)) {
    std::vector<Record> records;
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) return records;
        Columns columns{query};
        records.push_back(read(columns));
        TRY(columns.status());
    }
}

/// Runs through a query of variants; sorted by image and position.
[[nodiscard]] Result<std::vector<PlacedVariant>> read_variants(Query query);

/// With its image and variants. Errors: not_found, also for somebody else's.
[[nodiscard]] Result<Job> job_by_id(Connection& connection, AccountId owner, JobId id);

/// With its variants; of any owner. Empty when it is gone.
[[nodiscard]] Result<std::optional<Image>> find_image(Connection& connection, ImageId id);

/// All variants of one image, in order.
[[nodiscard]] Result<std::vector<Variant>> variants_of(Connection& connection, ImageId image_id);

}  // namespace safelight::sqlite
