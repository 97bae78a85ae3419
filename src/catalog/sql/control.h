// Jobs that are tried again or called off, on any of the databases.
#pragma once

#include <string_view>
#include <utility>

#include "catalog/job_control.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/statements.h"

namespace safelight {

/// Who has the job in hand; nobody else changes it until the end of the transaction. Errors: not_found, also
/// for somebody else's.
template <class Database, class Connection>
[[nodiscard]] Result<JobHold> find_hold(Connection& connection, AccountId owner, JobId id) {
    TRY_ASSIGN(auto query, connection.query(Database::hold_of_job, id, owner));
    TRY_ASSIGN(const auto holds, read_all(std::move(query), &read_hold));
    if (holds.empty()) return no_job();
    return holds.front();
}

/// As JobControl::retry.
template <class Connection>
[[nodiscard]] Status try_again(Connection& connection, JobId id, const JobHold& hold, std::uint32_t tries_max,
                               Timestamp now) {
    TRY_ASSIGN(const std::uint64_t again, connection.run(sql::failed_again, hold.image_id, now));
    if (again == 0 && !is_stuck(hold, tries_max, now)) return nothing_to_retry();
    TRY(connection.run(sql::work_asked_for_again, id, now));
    return {};
}

/// As JobControl::cancel.
template <class Connection>
[[nodiscard]] Status call_off(Connection& connection, JobId id, const JobHold& hold, Timestamp now) {
    if (is_finished(hold.status)) return nothing_to_cancel();
    // Comes first: only while it is PROCESSING may a job be held.
    TRY(connection.run(sql::claim_taken_away, id, now));
    TRY(connection.run(sql::pending_called_off, hold.image_id, now, name_of(ErrorCode::cancelled),
                       std::string_view{"The job was cancelled."}));
    return {};
}

/// `Database` has write(work), which runs work(connection) in a transaction, and hold_of_job. Beside its
/// connection stand read_all(query, &read) and job_by_id(connection, owner, id).
template <class Database>
class SqlControl final : public JobControl {
  public:
    explicit SqlControl(Database database) : database_(std::move(database)) {}

    Result<Job> retry(AccountId owner, JobId id, std::uint32_t tries_max, Timestamp now) override {
        return change(owner, id, [&](auto& connection, const JobHold& hold) {
            return try_again(connection, id, hold, tries_max, now);
        });
    }

    Result<Job> cancel(AccountId owner, JobId id, Timestamp now) override {
        return change(owner, id, [&](auto& connection, const JobHold& hold) {
            return call_off(connection, id, hold, now);
        });
    }

  private:
    template <class Decision>
    Result<Job> change(AccountId owner, JobId id, const Decision& decision) {
        return database_.write([&](auto& connection) -> Result<Job> {
            TRY_ASSIGN(const JobHold hold, find_hold<Database>(connection, owner, id));
            TRY(decision(connection, hold));
            return job_by_id(connection, owner, id);
        });
    }

    Database database_;
};

}  // namespace safelight
