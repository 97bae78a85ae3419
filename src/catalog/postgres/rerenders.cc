// Rerenders on PostgreSQL. A claim is held by who knows its token, until it is given back, asked for
// otherwise, or taken over; tokens come from a sequence, which never gives one out twice.
#include <algorithm>
#include <utility>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/rows.h"
#include "catalog/postgres/statements.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/writes.h"

namespace safelight::postgres {
namespace {

Result<VariantSurvey> look(Connection& connection, std::string_view name, const Transform& wanted,
                           std::optional<ImageId> after, std::uint32_t limit) {
    const std::string wanted_text = to_json(wanted);
    VariantSurvey survey;
    std::uint32_t images = 0;
    ImageId last;
    TRY_ASSIGN(Answer answer, connection.query(sql::survey, after.value_or(ImageId{}), limit, name));
    while (answer.next()) {
        ++images;
        last = Columns{answer}.id<ImageId>();
        Columns columns{answer};
        count_in_survey(columns, wanted, wanted_text, survey);
        TRY(columns.status());
    }
    if (images == limit) survey.next_after = last;
    return survey;
}

Result<std::uint64_t> enqueue(Connection& connection, std::span<const ImageId> images, std::string_view name,
                              const Transform& wanted, bool failed_again, Timestamp now) {
    const std::string wanted_text = to_json(wanted);
    std::vector<ImageId> as_wanted;
    std::vector<ImageId> stale;
    // Locked, so that what is decided here still holds when it is carried out.
    TRY_ASSIGN(Answer answer, connection.query(sql::lock_ready_variants, images, name));
    while (answer.next()) {
        Columns columns{answer};
        const auto id = columns.id<ImageId>();
        const bool is_as_wanted = is_same_transform(columns.view(), wanted, wanted_text);
        TRY(columns.status());
        (is_as_wanted ? as_wanted : stale).push_back(id);
    }
    if (!as_wanted.empty()) {
        TRY(connection.run(sql::withdraw_rerenders, std::span<const ImageId>(as_wanted), name));
        TRY(connection.run(sql::rerenders_as_before, std::span<const ImageId>(as_wanted), name, now));
    }
    if (stale.empty()) return 0;
    return connection.run(sql::request_rerenders, std::span<const ImageId>(stale), name,
                          std::string_view{wanted_text}, now, failed_again);
}

/// With their images, in the order in which everybody locks jobs.
Result<std::vector<std::pair<JobId, ImageId>>> jobs_of(Connection& connection,
                                                       std::span<const ImageId> images) {
    std::vector<std::pair<JobId, ImageId>> jobs;
    TRY_ASSIGN(Answer answer, connection.query(sql::jobs_of_images, images));
    while (answer.next()) {
        Columns columns{answer};
        const auto job = columns.id<JobId>();
        jobs.emplace_back(job, columns.id<ImageId>());
        TRY(columns.status());
    }
    std::ranges::sort(jobs);
    return jobs;
}

/// The jobs whose variants were changed. Each is held first: what is decided of it is of what it is then.
Result<std::vector<JobId>> change_transforms(Connection& connection, std::span<const ImageId> images,
                                             std::string_view name, std::string_view wanted,
                                             bool failed_again, Timestamp now) {
    TRY_ASSIGN(const auto jobs, jobs_of(connection, images));
    std::vector<JobId> changed;
    for (const auto& [job, image_id] : jobs) {
        TRY_ASSIGN(Answer held, connection.query(sql::hold_job, job));
        if (!held.next()) continue;  // deleted meanwhile
        TRY_ASSIGN(const std::uint64_t variants,
                   connection.run(sql::change_unmade, image_id, name, wanted, now, failed_again));
        if (variants == 0) continue;
        changed.push_back(job);
        TRY(connection.run_later(sql::take_unmade_claim, image_id, now));
    }
    return changed;
}

struct Next {
    ImageId image_id;
    std::string name;
    Result<Transform> wanted;
};

Result<std::optional<Next>> hold_next_due(Connection& connection, Timestamp now) {
    TRY_ASSIGN(Answer answer, connection.query(sql::next_rerender, now));
    if (!answer.next()) return std::nullopt;
    Columns columns{answer};
    const auto image_id = columns.id<ImageId>();
    std::string name = columns.text();
    Next next{image_id, std::move(name), parse_stored_transform(columns.view())};
    TRY(columns.status());
    return next;
}

/// Empty when only a newer version can make it.
Result<std::optional<RerenderClaim>> take(Connection& connection, const Next& next, Timestamp lease_until) {
    if (!next.wanted) return std::nullopt;
    TRY_ASSIGN(Answer image, connection.query(sql::image_of_rerender, next.image_id));
    if (!image.next())
        return failure(ErrorCode::internal, "Something went wrong.", "a variant without an image");
    Columns of_image{image};
    RerenderClaim claim;
    claim.job_id = of_image.id<JobId>();
    claim.image = read_image(of_image);
    TRY(of_image.status());
    if (claim.image.is_unknown_format) return std::nullopt;
    claim.name = next.name;
    claim.transform = *next.wanted;
    claim.lease_until = lease_until;
    TRY_ASSIGN(Answer taken, connection.query(sql::claim_rerender, next.image_id, std::string_view{next.name},
                                              lease_until));
    if (!taken.next())
        return failure(ErrorCode::internal, "Something went wrong.", "a rerender that is held is gone");
    Columns columns{taken};
    claim.token = columns.number<std::uint64_t>();
    claim.tries = columns.number<std::uint32_t>();
    TRY(columns.status());
    return claim;
}

Result<RerenderSearch> search(Connection& connection, Milliseconds lease, Timestamp now) {
    for (std::uint32_t put_off = 0; put_off < rerenders_put_off_max; ++put_off) {
        TRY_ASSIGN(const auto next, hold_next_due(connection, now));
        if (!next) return RerenderSearch{};
        TRY_ASSIGN(auto claim, take(connection, *next, now + lease));
        if (claim) return RerenderSearch{.claim = std::move(claim), .may_be_more = true};
        TRY(connection.run_later(sql::put_off_rerender, next->image_id, std::string_view{next->name},
                                 now + lease));
    }
    return RerenderSearch{.claim = {}, .may_be_more = true};
}

Result<BlobKey> lock_blob_of(Connection& connection, const RerenderId& id) {
    TRY_ASSIGN(Answer answer, connection.query(sql::variant_blob, id.image_id, id.name));
    if (!answer.next()) return rerender_fenced();
    Columns columns{answer};
    if (columns.next_is_null()) return rerender_fenced();
    return columns.id<BlobKey>();
}

Status replace(Connection& connection, const RerenderId& id, const VariantContent& content, Timestamp now) {
    // Job, variant, rerender: the order in which everybody locks them. Whoever lost the claim is sent away
    // then, and has changed nothing.
    TRY(connection.run_later(sql::job_touched, id.image_id, now));
    TRY_ASSIGN(const BlobKey old_blob, lock_blob_of(connection, id));
    TRY_ASSIGN(Answer held, connection.query(sql::finish_rerender, id.image_id, id.name, id.token));
    if (!held.next()) return rerender_fenced();
    const std::string transform = Columns{held}.text();
    TRY(store_remade(connection, id, content, transform, now));
    TRY(connection.run_later(sql::doom, std::span<const BlobKey>(&old_blob, 1)));
    return {};
}

class PostgresRerenders final : public Rerenders {
  public:
    PostgresRerenders(Pool& pool, NewsSender& news) : pool_(pool), news_(news) {}

    Result<VariantSurvey> survey(std::string_view name, const Transform& wanted, std::optional<ImageId> after,
                                 std::uint32_t limit) override {
        return pool_.read(
            [&](Connection& connection) { return look(connection, name, wanted, after, limit); });
    }

    Result<std::uint64_t> request(std::span<const ImageId> images, std::string_view name,
                                  const Transform& wanted, bool failed_again, Timestamp now) override {
        if (images.empty()) return 0;
        return pool_.write([&](Connection& connection) {
            return enqueue(connection, images, name, wanted, failed_again, now);
        });
    }

    Result<std::uint64_t> change_unmade(std::span<const ImageId> images, std::string_view name,
                                        const Transform& wanted, bool failed_again, Timestamp now) override {
        if (images.empty()) return 0;
        TRY_ASSIGN(const std::vector<JobId> jobs,
                   pool_.write([&, text = to_json(wanted)](Connection& connection) {
                       return change_transforms(connection, images, name, text, failed_again, now);
                   }));
        for (const JobId job : jobs) news_.claimable({job, Lane::overflow_bulk});
        return jobs.size();
    }

    Result<RerenderCounts> counts(std::string_view name) override {
        return pool_.read([&](Connection& connection) -> Result<RerenderCounts> {
            TRY_ASSIGN(Answer answer, connection.query(sql::rerender_counts, name));
            RerenderCounts counts;
            while (answer.next()) {
                Columns columns{answer};
                add_to_counts(columns, counts);
            }
            return counts;
        });
    }

    Result<std::uint64_t> backlog() override {
        return pool_.read([](Connection& connection) -> Result<std::uint64_t> {
            TRY_ASSIGN(Answer answer, connection.query(sql::rerender_backlog));
            return answer.next() ? Columns{answer}.number<std::uint64_t>() : 0;
        });
    }

    Result<RerenderSearch> claim(Milliseconds lease, Timestamp now) override {
        return pool_.write([&](Connection& connection) { return search(connection, lease, now); });
    }

    Status renew(const RerenderId& id, Milliseconds lease, Timestamp now) override {
        return change_held(sql::renew_rerender, id, now + lease);
    }

    Status complete(const RerenderId& id, const VariantContent& content, Timestamp now) override {
        return pool_.write([&](Connection& connection) { return replace(connection, id, content, now); });
    }

    Status fail(const RerenderId& id, const VariantError& error) override {
        return change_held(sql::fail_rerender, id, name_of(error.code), std::string_view{error.detail});
    }

    Status release(const RerenderId& id, Timestamp due_at, bool counts) override {
        return change_held(sql::release_rerender, id, due_at, counts ? 0 : 1);
    }

  private:
    template <class... Values>
    Status change_held(std::string_view statement, const RerenderId& id, const Values&... values) {
        return pool_.write_one([&](Connection& connection) {
            return change_held_rerender(connection, statement, id, values...);
        });
    }

    Pool& pool_;
    NewsSender& news_;
};

}  // namespace

std::unique_ptr<Rerenders> make_rerenders(Pool& pool, NewsSender& news) {
    return std::make_unique<PostgresRerenders>(pool, news);
}

}  // namespace safelight::postgres
