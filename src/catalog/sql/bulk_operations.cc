#include "catalog/sql/bulk_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace safelight {

BulkOperation read_bulk_operation(Columns& columns) {
    BulkOperation operation;
    operation.id = columns.id<BulkOperationId>();
    operation.owner = columns.id<AccountId>();
    operation.kind = columns.named(bulk_kind_from_name);
    if (columns.next_is_null()) {
        columns.skip(1);
    } else {
        operation.filter.status = columns.named(job_status_from_name);
    }
    operation.filter.created_after = columns.optional_time();
    operation.filter.created_before = columns.optional_time();
    operation.jobs_done = columns.number<std::uint64_t>();
    operation.jobs_skipped = columns.number<std::uint64_t>();
    operation.finished_at = columns.optional_time();
    operation.created_at = time_of(operation.id.uuid);
    return operation;
}

BulkClaim read_bulk_claim(Columns& columns) {
    BulkClaim claim;
    claim.operation = read_bulk_operation(columns);
    claim.attempt = columns.number<std::uint64_t>();
    return claim;
}

BulkPlace read_bulk_place(Columns& columns) {
    BulkPlace place;
    place.owner = columns.id<AccountId>();
    place.kind = columns.named(bulk_kind_from_name);
    if (columns.next_is_null()) {
        columns.skip(1);
    } else {
        place.status = columns.named(job_status_from_name);
    }
    place.position = columns.uuid();
    place.upper = columns.uuid();
    return place;
}

JobId read_job_id(Columns& columns) {
    return columns.id<JobId>();
}

BulkOperationId read_bulk_operation_id(Columns& columns) {
    return columns.id<BulkOperationId>();
}

IdRange range_of(const BulkOperation& operation) {
    IdRange range = range_of(ListQuery{.owner = operation.owner,
                                       .created_after = operation.filter.created_after,
                                       .created_before = operation.filter.created_before});
    range.upper = std::min(range.upper, operation.id.uuid);
    return range;
}

std::unexpected<Error> no_bulk_operation() {
    return failure(ErrorCode::not_found, "There is no such bulk operation.");
}

std::unexpected<Error> too_many_bulk_operations() {
    return failure(ErrorCode::overloaded,
                   fmt::format("{} bulk operations are under way; wait until one of them is finished.",
                               bulk_operations_per_account_max));
}

std::unexpected<Error> bulk_operation_fenced() {
    return failure(ErrorCode::fenced, "Somebody else goes on with the operation, or it is finished.");
}

}  // namespace safelight
