// JobChanges on SQLite. There is one writer at a time: changes become visible in the order of their numbers.
#include "catalog/sql/rules.h"
#include "catalog/sqlite/faces.h"
#include "catalog/sqlite/rows.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {
namespace {

/// One state of the database for all that is asked in a row.
template <class... Values>
Result<std::vector<JobChange>> read_changes(Connection& connection, std::string_view statement,
                                            const Values&... values) {
    TRY_ASSIGN(Query query, connection.query(statement, values...));
    TRY_ASSIGN(std::vector<JobChange> changes, read_all(std::move(query), &read_job_change));
    for (JobChange& change : changes) {
        TRY_ASSIGN(change.job.image.variants, variants_of(connection, change.job.image.id));
    }
    return changes;
}

class Changes final : public JobChanges {
  public:
    explicit Changes(ReaderPool& readers) : readers_(readers) {}

    Result<ChangePlace> end() override {
        return readers_.read([](Connection& connection) -> Result<ChangePlace> {
            TRY_ASSIGN(Query query, connection.query(sql::end_of_changes));
            TRY_ASSIGN(const bool found, query.next());
            return last_of(found ? Columns{query}.number<std::uint64_t>() : 0);
        });
    }

    Result<std::vector<JobChange>> after(AccountId owner, const ChangePlace& after,
                                         std::uint32_t limit) override {
        return readers_.read([&](Connection& connection) {
            return read_changes(connection, sql::changes_after, owner, after.change, after.job, limit);
        });
    }

    Result<JobChange> find(AccountId owner, JobId id) override {
        return readers_.read([&](Connection& connection) -> Result<JobChange> {
            TRY_ASSIGN(auto changes, read_changes(connection, sql::find_change, id, owner));
            if (changes.empty()) return no_job();
            return std::move(changes.front());
        });
    }

  private:
    ReaderPool& readers_;
};

}  // namespace

std::unique_ptr<JobChanges> make_changes(ReaderPool& readers) {
    return std::make_unique<Changes>(readers);
}

}  // namespace safelight::sqlite
