// JobChanges on PostgreSQL. A change has the number of its transaction; what is still open may yet become
// visible, so that nothing is shown from the lowest of these numbers on.
#include "catalog/postgres/faces.h"
#include "catalog/postgres/rows.h"
#include "catalog/postgres/statements.h"
#include "catalog/sql/rules.h"

namespace safelight::postgres {
namespace {

class Changes final : public JobChanges {
  public:
    explicit Changes(Pool& pool) : pool_(pool) {}

    Result<ChangePlace> end() override {
        return pool_.read([](Connection& connection) -> Result<ChangePlace> {
            TRY_ASSIGN(Answer answer, connection.query(sql::end_of_changes));
            return last_of(answer.next() ? Columns{answer}.number<std::uint64_t>() : 0);
        });
    }

    Result<std::vector<JobChange>> after(AccountId owner, const ChangePlace& after,
                                         std::uint32_t limit) override {
        return pool_.read([&](Connection& connection) -> Result<std::vector<JobChange>> {
            TRY_ASSIGN(Answer answer,
                       connection.query(sql::changes_after, owner, after.change, after.job, limit));
            return read_job_changes(std::move(answer));
        });
    }

    Result<JobChange> find(AccountId owner, JobId id) override {
        return pool_.read([&](Connection& connection) -> Result<JobChange> {
            TRY_ASSIGN(Answer answer, connection.query(sql::find_change, id, owner));
            TRY_ASSIGN(auto changes, read_job_changes(std::move(answer)));
            if (changes.empty()) return no_job();
            return std::move(changes.front());
        });
    }

  private:
    Pool& pool_;
};

}  // namespace

std::unique_ptr<JobChanges> make_changes(Pool& pool) {
    return std::make_unique<Changes>(pool);
}

}  // namespace safelight::postgres
