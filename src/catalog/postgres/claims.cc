// JobClaims on PostgreSQL. A claim is held by who knows its attempt, while no later attempt began and it was
// not given back; an expired lease that nobody took over is still good.
#include <functional>
#include <map>
#include <utility>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/rows.h"
#include "catalog/postgres/statements.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/writes.h"

namespace safelight::postgres {
namespace {

/// The first statement decides. The second comes after it because it has to see what was committed while the
/// first waited for nothing but was under way; the third, because a job whose image cannot be read, or not be
/// made anything of, is not taken.
Result<std::optional<Claim>> take(Connection& connection, JobId id, Milliseconds lease, Timestamp now) {
    Claim claim;
    claim.job_id = id;
    claim.lease_until = now + lease;
    TRY_ASSIGN(Answer held, connection.query(sql::hold_claimable, id, now));
    if (!held.next()) return std::nullopt;
    Columns columns{held};
    const auto image_id = columns.id<ImageId>();
    claim.attempt = columns.number<std::uint32_t>();
    claim.tries = columns.number<std::uint32_t>();
    TRY_ASSIGN(Answer answer, connection.query(sql::image_by_id, image_id));
    TRY_ASSIGN(std::vector<Image> images, read_images(std::move(answer)));
    if (images.empty())
        return failure(ErrorCode::internal, "Something went wrong.", "a job without an image");
    claim.image = std::move(images.front());
    claim.pending = pending_of(claim.image);
    if (needs_newer_program(claim)) {
        TRY(connection.run_later(sql::put_off, id, claim.lease_until));
        return std::nullopt;
    }
    TRY(connection.run_later(sql::claim, id, now, claim.lease_until));
    return claim;
}

/// What the variants of an image have now, by name; those that are gone are missing. Nobody else changes them
/// until the end of the transaction.
using PresentBlobs = std::map<std::string, std::optional<BlobKey>, std::less<>>;

Result<PresentBlobs> lock_variants(Connection& connection, ImageId image_id,
                                   std::span<const VariantOutcome> outcomes) {
    std::vector<std::string> names;
    for (const VariantOutcome& outcome : outcomes) names.push_back(outcome.name);
    TRY_ASSIGN(Answer answer,
               connection.query(sql::variant_blobs, image_id, std::span<const std::string>(names)));
    PresentBlobs present;
    while (answer.next()) {
        Columns columns{answer};
        std::string name = columns.text();
        auto blob = columns.next_is_null() ? std::nullopt : std::optional(columns.id<BlobKey>());
        present.emplace(std::move(name), blob);
    }
    return present;
}

Status turn_all_live(Connection& connection, const std::vector<BlobKey>& blobs) {
    if (blobs.empty()) return {};
    TRY_ASSIGN(const std::uint64_t turned_live,
               connection.run(sql::make_all_live, std::span<const BlobKey>(blobs)));
    if (turned_live < blobs.size()) return work_overdue(blobs.front(), "(or another of the same job)");
    return {};
}

Status store(Connection& connection, ImageId image_id, std::span<const VariantOutcome> outcomes,
             Timestamp now) {
    for (const VariantOutcome& outcome : outcomes) TRY(check_outcome(outcome));
    TRY_ASSIGN(const PresentBlobs present, lock_variants(connection, image_id, outcomes));
    std::vector<BlobKey> made;
    std::vector<BlobKey> unwanted;
    std::vector<BlobKey> replaced;
    for (const VariantOutcome& outcome : outcomes) {
        const auto variant = present.find(outcome.name);
        if (outcome.content) (variant == present.end() ? unwanted : made).push_back(outcome.content->blob);
        if (variant != present.end() && variant->second) replaced.push_back(*variant->second);
    }
    TRY(turn_all_live(connection, made));
    for (const VariantOutcome& outcome : outcomes)
        if (present.contains(outcome.name)) TRY(store_outcome(connection, image_id, outcome, now));
    if (!unwanted.empty()) TRY(connection.run_later(sql::abandon, std::span<const BlobKey>(unwanted)));
    if (!replaced.empty()) TRY(connection.run_later(sql::doom, std::span<const BlobKey>(replaced)));
    return {};
}

Result<Completion> finish(Connection& connection, JobId id, std::uint32_t attempt,
                          std::span<const VariantOutcome> outcomes, const std::optional<Look>& look,
                          Timestamp now) {
    // Comes first: whoever lost the claim must not get further, and nobody else changes the job from here on.
    TRY_ASSIGN(Answer held, connection.query(sql::lock_claimed, id, attempt));
    if (!held.next()) return job_fenced();
    const auto image_id = Columns{held}.id<ImageId>();
    if (!outcomes.empty()) TRY(store(connection, image_id, outcomes, now));
    if (look) TRY(store_look(connection, image_id, *look));
    // Finds nothing when that has finished the job, which gives it back.
    TRY(connection.run_later(sql::give_back_done, id, attempt, now, !outcomes.empty()));

    TRY_ASSIGN(Answer answer, connection.query_and_commit(sql::status_and_lane, id));
    if (!answer.next()) return job_fenced();
    Columns columns{answer};
    return completion_of(columns);
}

class Claims final : public JobClaims {
  public:
    Claims(Pool& pool, NewsSender& news) : pool_(pool), news_(news) {}

    Result<std::optional<Claim>> claim(JobId id, Milliseconds lease, Timestamp now) override {
        return pool_.write([&](Connection& connection) { return take(connection, id, lease, now); });
    }

    Status renew(JobId id, std::uint32_t attempt, Milliseconds lease, Timestamp now) override {
        return pool_.write_one([&](Connection& connection) {
            return change_held_job(connection, sql::renew, id, attempt, now + lease);
        });
    }

    Result<Completion> complete(JobId id, std::uint32_t attempt, std::span<const VariantOutcome> outcomes,
                                const std::optional<Look>& look, Timestamp now) override {
        TRY_ASSIGN(const Completion completion, pool_.write([&](Connection& connection) {
            return finish(connection, id, attempt, outcomes, look, now);
        }));
        if (completion.status == JobStatus::processing)
            news_.claimable({id, completion.lane});
        else
            news_.changed(id);
        return completion;
    }

    Status release(JobId id, std::uint32_t attempt, Timestamp due_at, bool counts, Timestamp now) override {
        TRY_ASSIGN(const Lane lane, pool_.write_one([&](Connection& connection) -> Result<Lane> {
            TRY_ASSIGN(Answer held,
                       connection.query(sql::give_back_undone, id, attempt, due_at, now, counts ? 0 : 1));
            if (!held.next()) return job_fenced();
            Columns columns{held};
            return read_lane(columns);
        }));
        if (due_at <= now) news_.claimable({id, lane});
        return {};
    }

    Result<std::vector<WaitingJob>> claimable(std::uint32_t limit, Timestamp now) override {
        return pool_.read([&](Connection& connection) -> Result<std::vector<WaitingJob>> {
            TRY_ASSIGN(Answer answer, connection.query(sql::claimable, now, limit));
            std::vector<WaitingJob> jobs;
            while (answer.next()) {
                Columns columns{answer};
                jobs.push_back(read_waiting_job(columns));
            }
            return jobs;
        });
    }

    Result<std::uint64_t> backlog() override {
        return pool_.read([](Connection& connection) -> Result<std::uint64_t> {
            TRY_ASSIGN(Answer answer, connection.query(sql::backlog));
            return answer.next() ? Columns{answer}.number<std::uint64_t>() : 0;
        });
    }

  private:
    Pool& pool_;
    NewsSender& news_;
};

}  // namespace

std::unique_ptr<JobClaims> make_claims(Pool& pool, NewsSender& news) {
    return std::make_unique<Claims>(pool, news);
}

}  // namespace safelight::postgres
