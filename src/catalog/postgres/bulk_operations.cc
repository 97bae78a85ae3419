// Bulk operations on PostgreSQL.
#include "catalog/sql/bulk_operations.h"

#include "catalog/postgres/database.h"
#include "catalog/postgres/deletion.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {
namespace {

/// Other processes learn of the jobs. So many at once are hinted at behind all others, wherever they wait.
class ToldBulkOperations final : public BulkOperations {
  public:
    ToldBulkOperations(Pool& pool, NewsSender& news) : operations_(Database{pool}), news_(news) {}

    Status create(const BulkOperation& operation) override { return operations_.create(operation); }
    Result<BulkOperation> find(AccountId owner, BulkOperationId id) override {
        return operations_.find(owner, id);
    }
    Result<std::optional<BulkClaim>> claim(Milliseconds lease, Timestamp now) override {
        return operations_.claim(lease, now);
    }
    Status release(BulkOperationId id, std::uint64_t attempt, Timestamp due_at) override {
        return operations_.release(id, attempt, due_at);
    }
    Status forget(Timestamp before) override { return operations_.forget(before); }

    Result<BulkStep> advance(BulkOperationId id, std::uint64_t attempt, std::uint32_t jobs_max,
                             std::uint32_t tries_max, Milliseconds lease, Timestamp now) override {
        TRY_ASSIGN(BulkStep step, operations_.advance(id, attempt, jobs_max, tries_max, lease, now));
        for (const JobId job : step.jobs)
            step.kind == BulkKind::retry ? news_.claimable({job, Lane::overflow_bulk}) : news_.changed(job);
        return step;
    }

  private:
    SqlBulkOperations<Database> operations_;
    NewsSender& news_;
};

}  // namespace

std::unique_ptr<BulkOperations> make_bulk_operations(Pool& pool, NewsSender& news) {
    return std::make_unique<ToldBulkOperations>(pool, news);
}

}  // namespace safelight::postgres
