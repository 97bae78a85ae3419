// Quotas, on any of the databases: their tables and statements are the same everywhere.
#pragma once

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "catalog/quotas.h"
#include "catalog/records.h"
#include "catalog/sql/row.h"
#include "catalog/sql/statements.h"

namespace safelight {

/// The columns of quotas_of_account.
[[nodiscard]] Quotas read_quotas(Columns& columns);
/// The columns of usage_of_account. A minute that is over counts nothing.
[[nodiscard]] Usage read_usage(Columns& columns);
[[nodiscard]] inline std::int64_t read_places(Columns& columns) {
    return columns.number();
}
/// Of pixels_counted.
[[nodiscard]] std::int64_t day_of(Timestamp time);

[[nodiscard]] std::unexpected<Error> rate_limited(std::uint64_t limit, const Usage& usage, Timestamp now);
[[nodiscard]] std::unexpected<Error> too_many_uploads(std::uint64_t limit, std::uint64_t used);

inline constexpr Milliseconds upload_minute{std::chrono::minutes(1)};

template <class Connection>
[[nodiscard]] Result<Usage> usage_of(Connection& connection, AccountId account, Timestamp now) {
    TRY_ASSIGN(auto query, connection.query(sql::usage_of_account, account, day_of(now), now));
    TRY_ASSIGN(const auto usages, read_all(std::move(query), &read_usage));
    return usages.front();
}

/// For a connection with its transaction open, in which nobody else creates a job of the account until the
/// end. Errors: quota_exceeded, daily_quota_exceeded.
template <class Connection>
[[nodiscard]] Status check_quotas(Connection& connection, const Job& job, const Quotas& in_force) {
    TRY_ASSIGN(const Usage usage, usage_of(connection, job.owner, job.updated_at));
    const ImageFacts& facts = job.image.facts;
    const QuotaDemand demand{.stored_bytes = job.image.size_bytes,
                             .pixels = std::uint64_t{facts.width_px} * facts.height_px * facts.frames};
    return check_demand(demand, in_force, usage, job.updated_at);
}

/// `Database` as in accounts.h.
template <class Database>
class SqlUploadQuotas final : public UploadQuotas {
  public:
    explicit SqlUploadQuotas(Database database) : database_(std::move(database)) {}

    Result<Quotas> find_quotas(AccountId account) override {
        return database_.read([&](auto& connection) -> Result<Quotas> {
            TRY_ASSIGN(auto query, connection.query(sql::quotas_of_account, account));
            TRY_ASSIGN(const auto found, read_all(std::move(query), &read_quotas));
            return found.empty() ? Quotas{} : found.front();
        });
    }

    Result<Usage> usage(AccountId account, Timestamp now) override {
        return database_.read([&](auto& connection) { return usage_of(connection, account, now); });
    }

    Status enter(const UploadEntry& entry, const Quotas& in_force, Timestamp now) override {
        const bool counts = entry.counts && in_force.uploads_per_minute;
        const bool takes_place = entry.place && in_force.concurrent_uploads;
        if (!counts && !takes_place) return {};
        return database_.write([&](auto& connection) -> Status {
            // Either way the account's row is this transaction's from here on.
            if (counts) {
                TRY(count(connection, entry.account, *in_force.uploads_per_minute, now));
            } else {
                TRY(connection.run_later(sql::lock_upload_minute, entry.account));
            }
            if (takes_place) TRY(take_place(connection, entry, *in_force.concurrent_uploads, now));
            return {};
        });
    }

    Status hold(std::span<const UploadPlaceId> places, Timestamp now, Timestamp expires_at) override {
        // In one order everywhere, as those of an account are dropped that have run out.
        std::vector<UploadPlaceId> in_order(places.begin(), places.end());
        std::ranges::sort(in_order);
        return database_.write([&](auto& connection) -> Status {
            for (const UploadPlaceId place : in_order)
                TRY(connection.run(sql::hold_upload_place, place, now, expires_at));
            return {};
        });
    }

    Status leave(UploadPlaceId place) override {
        return database_.write([&](auto& connection) -> Status {
            TRY(connection.run(sql::leave_upload_place, place));
            return {};
        });
    }

  private:
    template <class Connection>
    static Status count(Connection& connection, AccountId account, std::uint64_t limit, Timestamp now) {
        TRY_ASSIGN(const std::uint64_t counted,
                   connection.run(sql::count_upload, account, now + upload_minute, now, limit));
        if (counted > 0) return {};
        TRY_ASSIGN(const Usage usage, usage_of(connection, account, now));
        return rate_limited(limit, usage, now);
    }

    template <class Connection>
    static Status take_place(Connection& connection, const UploadEntry& entry, std::uint64_t limit,
                             Timestamp now) {
        TRY(connection.run_later(sql::drop_upload_places, entry.account, now));
        TRY_ASSIGN(auto query, connection.query(sql::count_upload_places, entry.account));
        TRY_ASSIGN(const auto taken, read_all(std::move(query), &read_places));
        const auto used = static_cast<std::uint64_t>(taken.front());
        if (used >= limit) return too_many_uploads(limit, used);
        TRY(connection.run(sql::take_upload_place, *entry.place, entry.account, entry.place_expires_at));
        return {};
    }

    Database database_;
};

}  // namespace safelight
