// Something done to all of an account's jobs that fit a filter, in the background: page by page, each page in
// one transaction with the note of how far it came, so that whoever dies in the middle repeats nothing and
// leaves nothing out.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: unavailable, storage_full.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/records.h"

namespace safelight {

using BulkOperationId = Id<struct BulkOperationTag>;

enum class BulkKind { retry, remove };
[[nodiscard]] std::string_view name_of(BulkKind kind);  // "retry", "delete"
[[nodiscard]] std::optional<BulkKind> bulk_kind_from_name(std::string_view name);

/// Which jobs: of those that were there when it was asked for.
struct JobFilter {
    std::optional<JobStatus> status{};
    std::optional<Timestamp> created_after{};   // exclusive
    std::optional<Timestamp> created_before{};  // exclusive

    bool operator==(const JobFilter&) const = default;
};

struct BulkOperation {
    BulkOperationId id;
    AccountId owner;
    BulkKind kind = BulkKind::retry;
    JobFilter filter;
    std::uint64_t jobs_done = 0;     // tried again, or deleted
    std::uint64_t jobs_skipped = 0;  // fitted the filter, and could not be tried again
    Timestamp created_at;            // the time in its id
    std::optional<Timestamp> finished_at{};

    bool operator==(const BulkOperation&) const = default;
};

/// Somebody's hold on an operation.
struct BulkClaim {
    BulkOperation operation;
    std::uint64_t attempt = 0;  // the fencing token
};

/// What one page did.
struct BulkStep {
    BulkKind kind = BulkKind::retry;
    std::vector<JobId> jobs;      // tried again: publish them; or deleted
    std::vector<BlobKey> doomed;  // their bytes are to be removed
    bool finished = false;
};

/// How many operations of an account may be unfinished.
inline constexpr std::uint32_t bulk_operations_per_account_max = 10;

class BulkOperations {
  public:
    virtual ~BulkOperations() = default;

    /// It is due at once. Errors: overloaded (too many of the account's are unfinished).
    [[nodiscard]] virtual Status create(const BulkOperation& operation) = 0;
    /// Errors: not_found, also for somebody else's.
    [[nodiscard]] virtual Result<BulkOperation> find(AccountId owner, BulkOperationId id) = 0;

    /// Takes the one that has been due for longest and that nobody holds, for `lease`. Empty when there is
    /// none; that costs no write.
    [[nodiscard]] virtual Result<std::optional<BulkClaim>> claim(Milliseconds lease, Timestamp now) = 0;

    /// Goes through the next `jobs_max` jobs, oldest first, and prolongs the lease; `tries_max` as for
    /// JobControl::retry. Errors: fenced (somebody else goes on with it; nothing is changed).
    [[nodiscard]] virtual Result<BulkStep> advance(BulkOperationId id, std::uint64_t attempt,
                                                   std::uint32_t jobs_max, std::uint32_t tries_max,
                                                   Milliseconds lease, Timestamp now) = 0;

    /// Gives the claim back, to be taken again from `due_at` on. Errors: fenced.
    [[nodiscard]] virtual Status release(BulkOperationId id, std::uint64_t attempt, Timestamp due_at) = 0;

    /// Forgets those that were finished at `before` or sooner.
    [[nodiscard]] virtual Status forget(Timestamp before) = 0;
};

}  // namespace safelight
