// Retention on any of the databases. Images are gone through by id, which is by age; a step locks its account
// first, and then all jobs that it changes before it changes the first.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "catalog/retention.h"
#include "catalog/sql/control.h"
#include "catalog/sql/retention_statements.h"
#include "catalog/sql/row.h"
#include "catalog/sql/rows.h"
#include "catalog/sql/rules.h"

namespace safelight {

/// The columns of retention_of_account.
[[nodiscard]] OwnRetention read_own_retention(Columns& columns);
[[nodiscard]] AccountId read_account_id(Columns& columns);
[[nodiscard]] JobId read_job_of_image(Columns& columns);

/// An account that is due, and where the look at it has come to. The columns of next_retention.
struct DueRetention {
    AccountId account;
    OwnRetention own;
    Timestamp due_at;
    std::optional<Uuid> position;           // of its last image that was looked at
    std::optional<Timestamp> expiry_since;  // since when it is noted what is read
};
[[nodiscard]] DueRetention read_due_retention(Columns& columns);

/// The columns of overdue_of_images.
struct OverdueImage {
    ImageId image;
    JobId job;
    bool is_overdue = false;
};
[[nodiscard]] OverdueImage read_overdue_image(Columns& columns);

/// The columns of overdue_of_image.
struct OverdueVariant {
    std::string name;
    BlobKey blob;
};
[[nodiscard]] OverdueVariant read_overdue_variant(Columns& columns);

/// The columns of remaking.
struct RemakingState {
    WaitingJob job;
    bool is_expired = false;
    bool is_asked_for = false;  // it has expired, and somebody has asked
};
[[nodiscard]] RemakingState read_remaking_state(Columns& columns);

/// The statements for the account that has been due for longest, and for one that is due too far off.
struct NextRetention {
    std::string_view due;
    std::string_view far_off;
};
/// No account is due later than this, unless a clock was ahead.
[[nodiscard]] Timestamp far_off(const RetentionLook& look, Timestamp now);

/// Since when it has been noted, without a gap of a day, what is read of an account that is looked at now.
[[nodiscard]] Timestamp noted_since(const DueRetention& account, Timestamp now);

/// Of one page: what has to be looked at closely, and after which image the look goes on; the latter is empty
/// when this was the last page.
struct OverduePage {
    std::vector<OverdueImage> overdue;  // by job: the order in which everybody locks jobs
    std::optional<Uuid> next_after;
};
[[nodiscard]] OverduePage page_of(const std::vector<OverdueImage>& rows, std::uint32_t images_max,
                                  std::uint32_t looked_at_max);

/// `Database` as in bulk_operations.h. Beside its connection stand delete_job(connection, owner, id) and
/// doom_all(connection, keys).
template <class Database>
class SqlRetention final : public Retention {
  public:
    /// `check_clock` is asked before anything is let go of.
    explicit SqlRetention(Database database, std::function<Status(Timestamp)> check_clock = {})
        : database_(std::move(database)), check_clock_(std::move(check_clock)) {}

    Result<OwnRetention> find_rules(AccountId account) override {
        return database_.read([&](auto& connection) -> Result<OwnRetention> {
            TRY_ASSIGN(auto query, connection.query(sql::retention_of_account, account));
            TRY_ASSIGN(const auto found, read_all(std::move(query), &read_own_retention));
            return found.empty() ? OwnRetention{} : found.front();
        });
    }

    Result<bool> has_own_expiry() override {
        return database_.read([](auto& connection) -> Result<bool> {
            TRY_ASSIGN(auto query, connection.query(sql::account_with_expiry, AccountId{}));
            TRY_ASSIGN(const auto found, read_all(std::move(query), &read_account_id));
            return !found.empty();
        });
    }

    Result<std::optional<RetentionStep>> step(const RetentionLook& look, Timestamp now) override {
        const bool all = look.defaults.are_any();
        const NextRetention next = all ? NextRetention{sql::next_retention, sql::far_off_retention}
                                       : NextRetention{sql::next_own_retention, sql::far_off_own_retention};
        TRY_ASSIGN(const auto due,
                   database_.read([&](auto& connection) { return next_due(connection, next, look, now); }));
        if (!due) return std::nullopt;
        if (check_clock_) TRY(check_clock_(now));
        return database_.write([&](auto& connection) -> Result<std::optional<RetentionStep>> {
            const NextRetention take =
                all ? NextRetention{Database::take_next_retention, Database::take_far_off_retention}
                    : NextRetention{Database::take_next_own_retention, Database::take_far_off_own_retention};
            TRY_ASSIGN(const auto account, next_due(connection, take, look, now));
            if (!account) return std::nullopt;
            return look_at(connection, *account, look, now);
        });
    }

    Result<std::optional<Remaking>> ask_again(AccountId owner, ImageId image, std::string_view variant,
                                              Timestamp now) override {
        TRY_ASSIGN(const RemakingState state, database_.read([&](auto& connection) {
            return remaking_state(connection, owner, image, variant);
        }));
        if (!state.is_expired) return as_asked(state, false);
        return database_.write([&](auto& connection) -> Result<std::optional<Remaking>> {
            return wake(connection, owner, image, variant, now);
        });
    }

    Status note_reads(std::span<const VariantRead> reads, Milliseconds expire_after) override {
        if (reads.empty()) return {};
        const Milliseconds grain = read_grain(expire_after);
        // In one order everywhere: two processes that note the same variants do not wait for each other.
        std::vector<const VariantRead*> in_order;
        for (const VariantRead& read : reads) in_order.push_back(&read);
        std::ranges::sort(in_order, {}, [](const VariantRead* read) {
            return std::tuple(read->image, std::string_view(read->name), read->at);
        });
        return database_.write([&](auto& connection) -> Status {
            for (const VariantRead* read : in_order) {
                TRY(connection.run(sql::note_read, read->image, std::string_view{read->name}, read->at,
                                   read->at - grain, read->at + grain));
            }
            return {};
        });
    }

  private:
    template <class Connection>
    static Result<std::optional<DueRetention>> next_due(Connection& connection, const NextRetention& next,
                                                        const RetentionLook& look, Timestamp now) {
        const std::pair<std::string_view, Timestamp> ways[] = {{next.due, now},
                                                               {next.far_off, far_off(look, now)}};
        for (const auto& [statement, time] : ways) {
            TRY_ASSIGN(auto query, connection.query(statement, time));
            TRY_ASSIGN(const auto due, read_all(std::move(query), &read_due_retention));
            if (!due.empty()) return due.front();
        }
        return std::nullopt;
    }

    template <class Connection>
    static Result<RetentionStep> look_at(Connection& connection, const DueRetention& account,
                                         const RetentionLook& look, Timestamp now) {
        const RetentionRules rules = in_force(account.own, look.defaults);
        RetentionStep step;
        std::optional<Timestamp> since;
        if (rules.expire_variants_after) since = noted_since(account, now);
        bool goes_on = false;
        std::optional<Uuid> position;
        if (rules.delete_images_after) {
            TRY_ASSIGN(goes_on, delete_old(connection, account.account, now - *rules.delete_images_after,
                                           look.images_max, step));
            // Whoever has changed jobs holds no others.
            goes_on = goes_on || (rules.expire_variants_after && !step.deleted.empty());
            if (goes_on) position = account.position;
        }
        if (!goes_on && rules.expire_variants_after) {
            const Timestamp before =
                now - *rules.expire_variants_after - read_grain(*rules.expire_variants_after);
            if (before >= *since) {
                TRY_ASSIGN(position, expire_some(connection, account, before, look, now, step));
                goes_on = position.has_value();
            }
        }
        // Behind the others that are due.
        const Timestamp due_at = goes_on ? now : now + pause_between_looks(rules, look.pause_min);
        TRY(connection.run(sql::retention_goes_on, account.account, due_at, position, since));
        return step;
    }

    /// Whether there may be more.
    template <class Connection>
    static Result<bool> delete_old(Connection& connection, AccountId owner, Timestamp before,
                                   std::uint32_t images_max, RetentionStep& step) {
        TRY_ASSIGN(auto query, connection.query(Database::jobs_of_old_images, owner, Uuid{},
                                                Uuid::lowest_at(before), images_max));
        TRY_ASSIGN(auto jobs, read_all(std::move(query), &read_job_of_image));
        const bool is_full = jobs.size() >= images_max;
        std::ranges::sort(jobs);
        TRY(hold_all(connection, owner, jobs));
        for (const JobId job : jobs) {
            TRY_ASSIGN(const Deletion deletion, delete_job(connection, owner, job));
            step.deleted.push_back(job);
            step.doomed.insert(step.doomed.end(), deletion.blobs.begin(), deletion.blobs.end());
        }
        return is_full;
    }

    /// Leaves out what is gone.
    template <class Connection>
    static Status hold_all(Connection& connection, AccountId owner, std::vector<JobId>& jobs) {
        std::vector<JobId> held;
        for (const JobId job : jobs) {
            const auto hold = find_hold<Database>(connection, owner, job);
            if (hold) held.push_back(job);
            if (!hold && hold.error().code != ErrorCode::not_found) return std::unexpected(hold.error());
        }
        jobs = std::move(held);
        return {};
    }

    /// After which image the next step goes on, if there are more.
    template <class Connection>
    static Result<std::optional<Uuid>> expire_some(Connection& connection, const DueRetention& account,
                                                   Timestamp before, const RetentionLook& look, Timestamp now,
                                                   RetentionStep& step) {
        // A younger image has no variant that is old enough.
        TRY_ASSIGN(auto query, connection.query(Database::overdue_of_images, account.account,
                                                account.position.value_or(Uuid{}), Uuid::lowest_at(before),
                                                look.looked_at_max, before));
        TRY_ASSIGN(const auto rows, read_all(std::move(query), &read_overdue_image));
        const OverduePage page = page_of(rows, look.images_max, look.looked_at_max);
        std::vector<JobId> jobs;
        for (const OverdueImage& image : page.overdue) jobs.push_back(image.job);
        TRY(hold_all(connection, account.account, jobs));
        // As who notes reads goes through variants: nobody waits for each other.
        std::vector<OverdueImage> by_image = page.overdue;
        std::ranges::sort(by_image, {}, &OverdueImage::image);
        for (const OverdueImage& image : by_image) {
            if (!std::ranges::binary_search(jobs, image.job)) continue;
            TRY(expire_variants_of(connection, image.image, before, now, step));
        }
        return page.next_after;
    }

    /// Of an image whose job nobody else changes meanwhile.
    template <class Connection>
    static Status expire_variants_of(Connection& connection, ImageId image, Timestamp before, Timestamp now,
                                     RetentionStep& step) {
        TRY_ASSIGN(auto query, connection.query(Database::hold_overdue_of_image, image, before));
        TRY_ASSIGN(const auto overdue, read_all(std::move(query), &read_overdue_variant));
        std::vector<BlobKey> doomed;
        for (const OverdueVariant& variant : overdue) {
            TRY_ASSIGN(const std::uint64_t expired,
                       connection.run(sql::expire_variant, image, std::string_view{variant.name}, now));
            if (expired > 0) doomed.push_back(variant.blob);
        }
        if (doomed.empty()) return {};
        step.expired_variants += doomed.size();
        TRY(doom_all(connection, std::span<const BlobKey>(doomed)));
        TRY(connection.run(Database::job_touched, image, now));
        return {};
    }

    template <class Connection>
    static Result<RemakingState> remaking_state(Connection& connection, AccountId owner, ImageId image,
                                                std::string_view variant) {
        TRY_ASSIGN(auto query, connection.query(sql::remaking, image, owner, variant));
        TRY_ASSIGN(const auto found, read_all(std::move(query), &read_remaking_state));
        if (found.empty()) return no_variant();
        return found.front();
    }

    static std::optional<Remaking> as_asked(const RemakingState& state, bool by_this_call) {
        if (!by_this_call && !state.is_asked_for) return std::nullopt;
        return Remaking{.job = state.job, .is_asked_for_now = by_this_call};
    }

    template <class Connection>
    static Result<std::optional<Remaking>> wake(Connection& connection, AccountId owner, ImageId image,
                                                std::string_view variant, Timestamp now) {
        {
            TRY_ASSIGN(auto query, connection.query(Database::hold_job_of_image, image, owner));
            TRY_ASSIGN(const auto held, read_all(std::move(query), &read_job_of_image));
            if (held.empty()) return no_variant();
        }
        // As it is now that nobody else changes it: somebody else may have asked.
        TRY_ASSIGN(const RemakingState state, remaking_state(connection, owner, image, variant));
        if (!state.is_expired) return as_asked(state, false);
        const JobId job = state.job.id;
        TRY(connection.run(sql::become_interactive, job));
        TRY(connection.run(sql::wake_variant, image, variant, now));
        TRY(connection.run(sql::work_asked_for, job, now));
        TRY_ASSIGN(const RemakingState asked, remaking_state(connection, owner, image, variant));
        return as_asked(asked, true);
    }

    Database database_;
    const std::function<Status(Timestamp)> check_clock_;
};

}  // namespace safelight
