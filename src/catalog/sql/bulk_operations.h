// Bulk operations on any of the databases. Ids rise with time: an operation goes through the jobs by id, from
// the lowest that fits up to its own, and what was uploaded after it has a higher one.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/bulk_operations.h"
#include "catalog/sql/control.h"
#include "catalog/sql/row.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/statements.h"

namespace safelight {

/// SAFELIGHT_BULK_COLUMNS.
[[nodiscard]] BulkOperation read_bulk_operation(Columns& columns);
/// The same, then the attempt.
[[nodiscard]] BulkClaim read_bulk_claim(Columns& columns);

/// Where an operation has come to. Columns: owner, kind, status, position, upper.
struct BulkPlace {
    AccountId owner;
    BulkKind kind = BulkKind::retry;
    std::optional<JobStatus> status;
    Uuid position;  // the last job that was looked at
    Uuid upper;     // exclusive
};
[[nodiscard]] BulkPlace read_bulk_place(Columns& columns);
[[nodiscard]] JobId read_job_id(Columns& columns);
[[nodiscard]] BulkOperationId read_bulk_operation_id(Columns& columns);
/// Where it begins, and where it ends.
[[nodiscard]] IdRange range_of(const BulkOperation& operation);

[[nodiscard]] std::unexpected<Error> no_bulk_operation();
[[nodiscard]] std::unexpected<Error> too_many_bulk_operations();
[[nodiscard]] std::unexpected<Error> bulk_operation_fenced();

/// `Database` has read(work) and write(work), which run work(connection) in a transaction, and the statements
/// that differ. Beside its connection stand read_all(query, &read) and delete_job(connection, owner, id).
template <class Database>
class SqlBulkOperations final : public BulkOperations {
  public:
    explicit SqlBulkOperations(Database database) : database_(std::move(database)) {}

    Status create(const BulkOperation& operation) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(auto query, connection.query(sql::unfinished_bulk_operations, operation.owner,
                                                    bulk_operations_per_account_max));
            TRY_ASSIGN(const auto unfinished, read_all(std::move(query), &read_bulk_operation_id));
            if (unfinished.size() >= bulk_operations_per_account_max) return too_many_bulk_operations();
            const JobFilter& filter = operation.filter;
            const IdRange range = range_of(operation);
            std::optional<std::string_view> job_status;
            if (filter.status) job_status = name_of(*filter.status);
            TRY(connection.run(sql::create_bulk_operation, operation.id, operation.owner,
                               name_of(operation.kind), job_status, filter.created_after,
                               filter.created_before, range.lowest, range.upper, operation.created_at));
            return {};
        });
    }

    Result<BulkOperation> find(AccountId owner, BulkOperationId id) override {
        return database_.read([&](auto& connection) -> Result<BulkOperation> {
            TRY_ASSIGN(auto query, connection.query(sql::bulk_operation_by_id, id, owner));
            TRY_ASSIGN(const auto found, read_all(std::move(query), &read_bulk_operation));
            if (found.empty()) return no_bulk_operation();
            return found.front();
        });
    }

    Result<std::optional<BulkClaim>> claim(Milliseconds lease, Timestamp now) override {
        TRY_ASSIGN(const auto due,
                   database_.read([&](auto& connection) -> Result<std::vector<BulkOperationId>> {
                       TRY_ASSIGN(auto query, connection.query(sql::next_bulk_operation, now));
                       return read_all(std::move(query), &read_bulk_operation_id);
                   }));
        if (due.empty()) return std::nullopt;
        return database_.write([&](auto& connection) -> Result<std::optional<BulkClaim>> {
            TRY_ASSIGN(auto query,
                       connection.query(sql::claim_bulk_operation, due.front(), now, now + lease));
            TRY_ASSIGN(const auto taken, read_all(std::move(query), &read_bulk_claim));
            if (taken.empty()) return std::nullopt;
            return taken.front();
        });
    }

    Result<BulkStep> advance(BulkOperationId id, std::uint64_t attempt, std::uint32_t jobs_max,
                             std::uint32_t tries_max, Milliseconds lease, Timestamp now) override {
        return database_.write([&](auto& connection) -> Result<BulkStep> {
            // Comes first: whoever lost the claim must not get further.
            TRY_ASSIGN(auto query, connection.query(sql::hold_bulk_operation, id, attempt, now + lease));
            TRY_ASSIGN(const auto held, read_all(std::move(query), &read_bulk_place));
            if (held.empty()) return bulk_operation_fenced();
            const BulkPlace& place = held.front();
            TRY_ASSIGN(const auto page, next_jobs(connection, place, jobs_max));
            BulkStep step{.kind = place.kind, .jobs = {}, .doomed = {}, .finished = page.size() < jobs_max};
            // All locked before the first is changed, which would lock what others lock last.
            TRY_ASSIGN(const auto held_jobs, hold_jobs(connection, place, page));
            for (const auto& [job, hold] : held_jobs)
                TRY(apply(connection, place, job, hold, tries_max, now, step));
            const std::uint64_t skipped = page.size() - step.jobs.size();
            TRY(connection.run(sql::note_bulk_progress, id, page.empty() ? place.position : page.back().uuid,
                               step.jobs.size(), skipped));
            if (step.finished) TRY(connection.run(sql::finish_bulk_operation, id, now));
            return step;
        });
    }

    Status release(BulkOperationId id, std::uint64_t attempt, Timestamp due_at) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(auto query, connection.query(sql::hold_bulk_operation, id, attempt, due_at));
            TRY_ASSIGN(const auto held, read_all(std::move(query), &read_bulk_place));
            if (held.empty()) return bulk_operation_fenced();
            return {};
        });
    }

    Status forget(Timestamp before) override {
        return database_.write([&](auto& connection) -> Status {
            TRY(connection.run(sql::forget_bulk_operations, before));
            return {};
        });
    }

  private:
    template <class Connection>
    static Result<std::vector<JobId>> next_jobs(Connection& connection, const BulkPlace& place,
                                                std::uint32_t jobs_max) {
        if (!place.status) {
            TRY_ASSIGN(auto query, connection.query(Database::jobs_from, place.owner, place.position,
                                                    place.upper, jobs_max));
            return read_all(std::move(query), &read_job_id);
        }
        TRY_ASSIGN(auto query, connection.query(Database::jobs_from_by_status, place.owner, place.position,
                                                place.upper, jobs_max, name_of(*place.status)));
        return read_all(std::move(query), &read_job_id);
    }

    /// Those that are still there and still fit: whatever became of them since the page was read counts.
    template <class Connection>
    static Result<std::vector<std::pair<JobId, JobHold>>> hold_jobs(Connection& connection,
                                                                    const BulkPlace& place,
                                                                    std::span<const JobId> page) {
        std::vector<std::pair<JobId, JobHold>> held;
        for (const JobId job : page) {
            const auto hold = find_hold<Database>(connection, place.owner, job);
            if (!hold && hold.error().code == ErrorCode::not_found) continue;
            if (!hold) return std::unexpected(hold.error());
            if (!place.status || hold->status == *place.status) held.emplace_back(job, *hold);
        }
        return held;
    }

    template <class Connection>
    static Status apply(Connection& connection, const BulkPlace& place, JobId job, const JobHold& hold,
                        std::uint32_t tries_max, Timestamp now, BulkStep& step) {
        if (place.kind == BulkKind::retry) {
            const Status again = try_again(connection, job, hold, tries_max, now);
            if (!again && again.error().code != ErrorCode::nothing_to_retry) return again;
            if (again) step.jobs.push_back(job);
            return {};
        }
        TRY_ASSIGN(const Deletion deletion, delete_job(connection, place.owner, job));
        step.jobs.push_back(job);
        step.doomed.insert(step.doomed.end(), deletion.blobs.begin(), deletion.blobs.end());
        return {};
    }

    Database database_;
};

}  // namespace safelight
