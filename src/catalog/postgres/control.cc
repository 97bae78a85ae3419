// Jobs that are tried again or called off, on PostgreSQL.
#include "catalog/sql/control.h"
#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {
namespace {

/// Other processes learn of it.
class ToldControl final : public JobControl {
  public:
    ToldControl(Pool& pool, NewsSender& news) : control_(Database{pool}), news_(news) {}

    Result<Job> retry(AccountId owner, JobId id, std::uint32_t tries_max, Timestamp now) override {
        TRY_ASSIGN(Job job, control_.retry(owner, id, tries_max, now));
        news_.claimable({id, job.lane});
        return job;
    }

    Result<Job> cancel(AccountId owner, JobId id, Timestamp now) override {
        TRY_ASSIGN(Job job, control_.cancel(owner, id, now));
        news_.changed(id);
        return job;
    }

  private:
    SqlControl<Database> control_;
    NewsSender& news_;
};

}  // namespace

std::unique_ptr<JobControl> make_control(Pool& pool, NewsSender& news) {
    return std::make_unique<ToldControl>(pool, news);
}

}  // namespace safelight::postgres
