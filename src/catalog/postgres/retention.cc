// Retention on PostgreSQL.
#include "catalog/sql/retention.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "catalog/postgres/database.h"
#include "catalog/postgres/deletion.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {
namespace {

/// A round may have begun so long ago.
constexpr Milliseconds behind_max = std::chrono::hours(12);

Timestamp read_time(Columns& columns) {
    return columns.time();
}

/// A worker's clock alone may not say what is old, for what is deleted is gone.
Status check_clock(Pool& pool, Timestamp now, Milliseconds ahead_max) {
    TRY_ASSIGN(const auto times, pool.read([](auto& connection) -> Result<std::vector<Timestamp>> {
        TRY_ASSIGN(auto query, connection.query(sql::server_time));
        return read_all(std::move(query), &read_time);
    }));
    const Milliseconds ahead = now - times.front();
    if (ahead <= ahead_max && ahead >= -std::max(behind_max, ahead_max)) return {};
    return failure(ErrorCode::unavailable, "The clocks of the servers differ.",
                   "the clock differs from the database's by " + std::to_string(ahead.count()) + " ms");
}

/// Other processes learn of the jobs.
class ToldRetention final : public Retention {
  public:
    ToldRetention(Pool& pool, NewsSender& news, Milliseconds ahead_max)
        : retention_(Database{pool},
                     [&pool, ahead_max](Timestamp now) { return check_clock(pool, now, ahead_max); }),
          news_(news) {}

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

std::unique_ptr<Retention> make_retention(Pool& pool, NewsSender& news, Milliseconds clock_ahead_max) {
    return std::make_unique<ToldRetention>(pool, news, clock_ahead_max);
}

}  // namespace safelight::postgres
