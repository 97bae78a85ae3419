// The part of the suite for what is done to many jobs at once:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, BulkConformance, testing::Values(backend), backend_name);
#pragma once

#include <optional>
#include <stdexcept>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {

class BulkConformance : public CatalogConformance {
  protected:
    static constexpr std::uint32_t tries_max = 3;

    [[nodiscard]] BulkOperations& bulk() { return under_test().database().bulk_operations(); }

    [[nodiscard]] BulkOperation draft_operation(BulkKind kind, const JobFilter& filter,
                                                AccountId owner = default_account()) {
        BulkOperation operation;
        operation.id = ids_.next<BulkOperationId>();
        operation.owner = owner;
        operation.kind = kind;
        operation.filter = filter;
        operation.created_at = time_of(operation.id.uuid);
        return operation;
    }
    BulkOperation ask(BulkKind kind, const JobFilter& filter, AccountId owner = default_account()) {
        const BulkOperation operation = draft_operation(kind, filter, owner);
        if (const Status made = bulk().create(operation); !made)
            throw std::runtime_error(made.error().log_text + made.error().public_text);
        return operation;
    }
    [[nodiscard]] std::optional<BulkClaim> take() {
        const auto claim = bulk().claim(lease, now());
        if (!claim) throw std::runtime_error(claim.error().log_text);
        return *claim;
    }
    BulkStep step(const BulkClaim& claim, std::uint32_t jobs_max = 100) {
        const auto done =
            bulk().advance(claim.operation.id, claim.attempt, jobs_max, tries_max, lease, now());
        if (!done) throw std::runtime_error(done.error().public_text + done.error().log_text);
        return *done;
    }
    [[nodiscard]] BulkOperation look_up(const BulkOperation& operation) {
        return bulk().find(operation.owner, operation.id).value();
    }
    Job create_failed(AccountId owner = default_account()) {
        const Job job = create({"a"}, owner);
        process(job.id, {}, {"a"});
        advance(Milliseconds{1});
        return find(job.id, owner);
    }
    [[nodiscard]] bool is_there(JobId id, AccountId owner = default_account()) {
        return catalog().find_job(owner, id).has_value();
    }
};

}  // namespace safelight
