// JobClaims on PostgreSQL. A claim is held by who knows its attempt, while no later attempt began and it was
// not given back; an expired lease that nobody took over is still good.
#include <utility>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/rows.h"
#include "catalog/postgres/statements.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/writes.h"

namespace safelight::postgres {
namespace {

/// Two statements, because the second has to see what was committed while the first waited for nothing but
/// was under way; in one transaction, so that a claim whose image could not be read is not taken.
Result<std::optional<Claim>> take(Connection& connection, JobId id, Milliseconds lease, Timestamp now) {
    Claim claim;
    claim.job_id = id;
    claim.lease_until = now + lease;
    TRY_ASSIGN(Answer taken, connection.query(sql::claim, id, now, claim.lease_until));
    if (!taken.next()) return std::nullopt;
    Columns columns{taken};
    const auto image_id = columns.id<ImageId>();
    claim.attempt = columns.number<std::uint32_t>();
    claim.tries = columns.number<std::uint32_t>();
    TRY_ASSIGN(auto image, find_image(connection, image_id));
    if (!image) return failure(ErrorCode::internal, "Something went wrong.", "a job without an image");
    claim.image = std::move(*image);
    claim.pending = pending_of(claim.image);
    return claim;
}

Status store(Connection& connection, ImageId image_id, const VariantOutcome& outcome, Timestamp now) {
    TRY(check_outcome(outcome));
    const std::string_view name = outcome.name;
    TRY_ASSIGN(Answer present, connection.query(sql::variant_blob, image_id, name));
    if (!present.next()) {
        if (outcome.content)
            TRY(connection.run(sql::abandon, std::span<const BlobKey>(&outcome.content->blob, 1)));
        return {};
    }
    TRY(store_outcome(connection, image_id, outcome, now));
    Columns columns{present};
    if (columns.next_is_null()) return {};
    const auto replaced = columns.id<BlobKey>();
    TRY(connection.run(sql::doom, std::span<const BlobKey>(&replaced, 1)));
    return {};
}

Result<Completion> finish(Connection& connection, JobId id, std::uint32_t attempt,
                          std::span<const VariantOutcome> outcomes, const std::optional<Look>& look,
                          Timestamp now) {
    // Comes first: whoever lost the claim must not get further, and nobody else changes the job from here on.
    TRY_ASSIGN(Answer held, connection.query(sql::give_back_done, id, attempt, now, !outcomes.empty()));
    if (!held.next()) return job_fenced();
    const auto image_id = Columns{held}.id<ImageId>();
    for (const VariantOutcome& outcome : outcomes) TRY(store(connection, image_id, outcome, now));
    if (look) TRY(store_look(connection, image_id, *look));

    TRY_ASSIGN(Answer answer, connection.query(sql::job_status, id));
    if (!answer.next()) return job_fenced();
    Columns columns{answer};
    return completion_of(columns);
}

class Claims final : public JobClaims {
  public:
    explicit Claims(Pool& pool) : pool_(pool) {}

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
        return pool_.write(
            [&](Connection& connection) { return finish(connection, id, attempt, outcomes, look, now); });
    }

    Status release(JobId id, std::uint32_t attempt, Timestamp due_at, bool counts, Timestamp now) override {
        return pool_.write_one([&](Connection& connection) {
            return change_held_job(connection, sql::give_back_undone, id, attempt, due_at, now,
                                   counts ? 0 : 1);
        });
    }

    Result<std::vector<JobId>> claimable(std::uint32_t limit, Timestamp now) override {
        return pool_.read([&](Connection& connection) -> Result<std::vector<JobId>> {
            TRY_ASSIGN(Answer answer, connection.query(sql::claimable, now, limit));
            std::vector<JobId> ids;
            while (answer.next()) ids.push_back(Columns{answer}.id<JobId>());
            return ids;
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
};

}  // namespace

std::unique_ptr<JobClaims> make_claims(Pool& pool) {
    return std::make_unique<Claims>(pool);
}

}  // namespace safelight::postgres
