// JobClaims on SQLite. A claim is held by who knows its attempt, while no later attempt began and it was not
// given back; an expired lease that nobody took over is still good.
#include <utility>

#include "catalog/sql/rules.h"
#include "catalog/sql/writes.h"
#include "catalog/sqlite/faces.h"
#include "catalog/sqlite/rows.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {
namespace {

Result<std::optional<Claim>> take(Connection& connection, JobId id, Milliseconds lease, Timestamp now) {
    Claim claim;
    claim.job_id = id;
    claim.lease_until = now + lease;
    ImageId image_id;
    {
        TRY_ASSIGN(Query query, connection.query(sql::hold_claimable, id, now));
        TRY_ASSIGN(const bool is_claimable, query.next());
        if (!is_claimable) return std::nullopt;
        Columns columns{query};
        image_id = columns.id<ImageId>();
        claim.attempt = columns.number<std::uint32_t>();
        claim.tries = columns.number<std::uint32_t>();
    }
    TRY_ASSIGN(auto image, find_image(connection, image_id));
    if (!image) return failure(ErrorCode::internal, "Something went wrong.", "a job without an image");
    claim.image = std::move(*image);
    claim.pending = pending_of(claim.image);
    if (needs_newer_program(claim)) {
        TRY(connection.run(sql::put_off, id, claim.lease_until));
        return std::nullopt;
    }
    TRY(connection.run(sql::claim, id, now, claim.lease_until));
    return claim;
}

/// The blob that a variant has now. Nothing at all when the variant is gone.
Result<std::optional<std::optional<BlobKey>>> present_blob(Connection& connection, ImageId image_id,
                                                           const std::string& name) {
    TRY_ASSIGN(Query query, connection.query(sql::variant_blob, image_id, std::string_view{name}));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return std::optional<std::optional<BlobKey>>{};
    Columns columns{query};
    if (columns.next_is_null()) return std::make_optional(std::optional<BlobKey>{});
    return std::make_optional(std::make_optional(columns.id<BlobKey>()));
}

Status store(Connection& connection, ImageId image_id, const VariantOutcome& outcome, Timestamp now) {
    TRY(check_outcome(outcome));
    TRY_ASSIGN(const auto present, present_blob(connection, image_id, outcome.name));
    if (!present) {
        if (outcome.content) TRY(connection.run(sql::abandon, outcome.content->blob));
        return {};
    }
    if (outcome.content) TRY(turn_live(connection, outcome.content->blob, outcome.name));
    TRY(store_outcome(connection, image_id, outcome, now));
    if (const auto& replaced = *present) TRY(connection.run(sql::doom, *replaced));
    return {};
}

Result<Completion> finish(Connection& connection, JobId id, std::uint32_t attempt,
                          std::span<const VariantOutcome> outcomes, const std::optional<Look>& look,
                          Timestamp now) {
    ImageId image_id;
    {
        // Comes first: whoever lost the claim must not get further.
        TRY_ASSIGN(Query query, connection.query(sql::give_back_done, id, attempt, now, !outcomes.empty()));
        TRY_ASSIGN(const bool held, query.next());
        if (!held) return job_fenced();
        image_id = Columns{query}.id<ImageId>();
    }
    for (const VariantOutcome& outcome : outcomes) TRY(store(connection, image_id, outcome, now));
    if (look) TRY(store_look(connection, image_id, *look));

    TRY_ASSIGN(Query query, connection.query(sql::status_and_lane, id));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return job_fenced();
    Columns columns{query};
    return completion_of(columns);
}

class Claims final : public JobClaims {
  public:
    Claims(GroupWriter& writer, ReaderPool& readers) : writer_(writer), readers_(readers) {}

    Result<std::optional<Claim>> claim(JobId id, Milliseconds lease, Timestamp now) override {
        return writer_.write([&](Connection& connection) { return take(connection, id, lease, now); });
    }

    Status renew(JobId id, std::uint32_t attempt, Milliseconds lease, Timestamp now) override {
        return writer_.write([&](Connection& connection) {
            return change_held_job(connection, sql::renew, id, attempt, now + lease);
        });
    }

    Result<Completion> complete(JobId id, std::uint32_t attempt, std::span<const VariantOutcome> outcomes,
                                const std::optional<Look>& look, Timestamp now) override {
        return writer_.write(
            [&](Connection& connection) { return finish(connection, id, attempt, outcomes, look, now); });
    }

    Status release(JobId id, std::uint32_t attempt, Timestamp due_at, bool counts, Timestamp now) override {
        return writer_.write([&](Connection& connection) {
            return change_held_job(connection, sql::give_back_undone, id, attempt, due_at, now,
                                   counts ? 0 : 1);
        });
    }

    Result<std::vector<WaitingJob>> claimable(std::uint32_t limit, Timestamp now) override {
        return readers_.read([&](Connection& connection) -> Result<std::vector<WaitingJob>> {
            TRY_ASSIGN(Query query, connection.query(sql::claimable, now, limit));
            std::vector<WaitingJob> jobs;
            while (true) {
                TRY_ASSIGN(const bool row, query.next());
                if (!row) return jobs;
                Columns columns{query};
                jobs.push_back(read_waiting_job(columns));
            }
        });
    }

    Result<std::uint64_t> backlog() override {
        return readers_.read([](Connection& connection) -> Result<std::uint64_t> {
            TRY_ASSIGN(Query query, connection.query(sql::backlog));
            TRY_ASSIGN(const bool found, query.next());
            return found ? Columns{query}.number<std::uint64_t>() : 0;
        });
    }

  private:
    GroupWriter& writer_;
    ReaderPool& readers_;
};

}  // namespace

std::unique_ptr<JobClaims> make_claims(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<Claims>(writer, readers);
}

}  // namespace safelight::sqlite
