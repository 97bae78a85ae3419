// Retention on PostgreSQL.
#include "catalog/sql/retention.h"

#include "catalog/postgres/database.h"
#include "catalog/postgres/deletion.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {
namespace {

/// Other processes learn of the jobs.
class ToldRetention final : public Retention {
  public:
    ToldRetention(Pool& pool, NewsSender& news) : retention_(Database{pool}), news_(news) {}

    Result<OwnRetention> find_rules(AccountId account) override { return retention_.find_rules(account); }
    Result<bool> has_own_expiry() override { return retention_.has_own_expiry(); }

    Result<std::optional<RetentionStep>> step(const RetentionLook& look, Timestamp now) override {
        TRY_ASSIGN(auto step, retention_.step(look, now));
        if (step)
            for (const JobId job : step->deleted) news_.changed(job);
        return step;
    }

    Result<std::optional<Remaking>> ask_again(AccountId owner, ImageId image, std::string_view variant,
                                              Timestamp now) override {
        TRY_ASSIGN(auto remaking, retention_.ask_again(owner, image, variant, now));
        if (remaking && remaking->is_asked_for_now) news_.claimable(remaking->job);
        return remaking;
    }

    Status note_reads(std::span<const VariantRead> reads, Milliseconds expire_after) override {
        return retention_.note_reads(reads, expire_after);
    }

  private:
    SqlRetention<Database> retention_;
    NewsSender& news_;
};

}  // namespace

std::unique_ptr<Retention> make_retention(Pool& pool, NewsSender& news) {
    return std::make_unique<ToldRetention>(pool, news);
}

}  // namespace safelight::postgres
