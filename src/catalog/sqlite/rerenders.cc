// Rerenders on SQLite. A claim is held by who knows its token, until it is given back, asked for otherwise,
// or taken over; a token is never given out twice, so that a row which went and came back cannot be mistaken
// for the old one.
#include <utility>

#include "catalog/sql/rules.h"
#include "catalog/sql/writes.h"
#include "catalog/sqlite/faces.h"
#include "catalog/sqlite/rows.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {
namespace {

Result<VariantSurvey> look(Connection& connection, std::string_view name, const Transform& wanted,
                           std::optional<ImageId> after, std::uint32_t limit) {
    const std::string wanted_text = to_json(wanted);
    VariantSurvey survey;
    std::uint32_t images = 0;
    ImageId last;
    TRY_ASSIGN(Query query, connection.query(sql::survey, after.value_or(ImageId{}), limit, name));
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) break;
        ++images;
        last = Columns{query}.id<ImageId>();
        Columns columns{query};
        count_in_survey(columns, wanted, wanted_text, survey);
        TRY(columns.status());
    }
    if (images == limit) survey.next_after = last;
    return survey;
}

/// Empty when the variant is not there.
Result<std::optional<std::string>> made_by(Connection& connection, ImageId image_id, std::string_view name) {
    TRY_ASSIGN(Query query, connection.query(sql::variant_transform, image_id, name));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return std::nullopt;
    return Columns{query}.text();
}

Result<std::uint64_t> enqueue(Connection& connection, std::span<const ImageId> images, std::string_view name,
                              const Transform& wanted, bool failed_again, Timestamp now) {
    const std::string wanted_text = to_json(wanted);
    std::uint64_t queued = 0;
    for (const ImageId image_id : images) {
        TRY_ASSIGN(const auto present, made_by(connection, image_id, name));
        if (!present) continue;
        if (is_same_transform(*present, wanted, wanted_text)) {
            TRY(connection.run(sql::withdraw_rerender, image_id, name, std::string_view{*present}));
            TRY(connection.run(sql::rerender_as_before, image_id, name, std::string_view{*present}, now));
            continue;
        }
        TRY_ASSIGN(const std::uint64_t changed,
                   connection.run(sql::request_rerender, image_id, name, std::string_view{wanted_text}, now,
                                  failed_again));
        queued += changed;
    }
    return queued;
}

Result<std::uint64_t> change_transforms(Connection& connection, std::span<const ImageId> images,
                                        std::string_view name, std::string_view wanted, bool failed_again,
                                        Timestamp now) {
    std::uint64_t changed = 0;
    for (const ImageId image_id : images) {
        TRY_ASSIGN(const std::uint64_t variants,
                   connection.run(sql::change_unmade, image_id, name, wanted, now, failed_again));
        if (variants == 0) continue;
        ++changed;
        TRY(connection.run(sql::take_unmade_claim, image_id, now));
    }
    return changed;
}

struct Next {
    ImageId image_id;
    std::string name;
    std::string wanted;
};

Result<std::optional<Next>> next_due(Connection& connection, Timestamp now) {
    TRY_ASSIGN(Query query, connection.query(sql::next_rerender, now));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return std::nullopt;
    Columns columns{query};
    Next next;
    next.image_id = columns.id<ImageId>();
    next.name = columns.text();
    next.wanted = columns.text();
    return next;
}

Result<std::uint64_t> next_token(Connection& connection) {
    TRY_ASSIGN(Query query, connection.query(sql::next_rerender_token));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return failure(ErrorCode::internal, "Something went wrong.", "no total of rerender claims");
    return Columns{query}.number<std::uint64_t>();
}

Status read_image_of(Connection& connection, ImageId image_id, RerenderClaim& claim) {
    {
        TRY_ASSIGN(Query query, connection.query(sql::image_by_id, image_id));
        TRY_ASSIGN(const bool found, query.next());
        if (!found)
            return failure(ErrorCode::internal, "Something went wrong.", "a variant without an image");
        Columns columns{query};
        claim.image = read_image(columns);
        TRY(columns.status());
    }
    TRY_ASSIGN(Query query, connection.query(sql::waiting_job_of_image, image_id));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return failure(ErrorCode::internal, "Something went wrong.", "an image without a job");
    claim.job_id = Columns{query}.id<JobId>();
    return {};
}

/// Empty when only a newer version can make it.
Result<std::optional<RerenderClaim>> take(Connection& connection, const Next& next, Timestamp lease_until) {
    auto transform = parse_stored_transform(next.wanted);
    if (!transform) return std::nullopt;
    RerenderClaim claim;
    claim.name = next.name;
    claim.lease_until = lease_until;
    claim.transform = *std::move(transform);
    TRY(read_image_of(connection, next.image_id, claim));
    if (claim.image.is_unknown_format) return std::nullopt;
    TRY_ASSIGN(claim.token, next_token(connection));
    TRY_ASSIGN(Query query, connection.query(sql::claim_rerender, next.image_id, std::string_view{next.name},
                                             claim.token, lease_until));
    TRY(query.next());
    claim.tries = Columns{query}.number<std::uint32_t>();
    return claim;
}

Result<RerenderSearch> search(Connection& connection, Milliseconds lease, Timestamp now) {
    for (std::uint32_t put_off = 0; put_off < rerenders_put_off_max; ++put_off) {
        TRY_ASSIGN(const auto next, next_due(connection, now));
        if (!next) return RerenderSearch{};
        TRY_ASSIGN(auto claim, take(connection, *next, now + lease));
        if (claim) return RerenderSearch{.claim = std::move(claim), .may_be_more = true};
        TRY(connection.run(sql::put_off_rerender, next->image_id, std::string_view{next->name}, now + lease));
    }
    return RerenderSearch{.claim = {}, .may_be_more = true};
}

Result<BlobKey> blob_of(Connection& connection, const RerenderId& id) {
    TRY_ASSIGN(Query query, connection.query(sql::variant_blob, id.image_id, id.name));
    TRY_ASSIGN(const bool found, query.next());
    Columns columns{query};
    if (!found || columns.next_is_null()) return rerender_fenced();
    return columns.id<BlobKey>();
}

Status replace(Connection& connection, const RerenderId& id, const VariantContent& content, Timestamp now) {
    std::string transform;
    {
        // Comes first: whoever lost the claim must not get further.
        TRY_ASSIGN(Query query, connection.query(sql::finish_rerender, id.image_id, id.name, id.token));
        TRY_ASSIGN(const bool held, query.next());
        if (!held) return rerender_fenced();
        transform = Columns{query}.text();
        TRY(query.next());
    }
    TRY_ASSIGN(const BlobKey old_blob, blob_of(connection, id));
    TRY(store_remade(connection, id, content, transform, now));
    TRY(connection.run(sql::doom, old_blob));
    TRY(connection.run(sql::job_touched, id.image_id, now));
    return {};
}

class SqliteRerenders final : public Rerenders {
  public:
    SqliteRerenders(GroupWriter& writer, ReaderPool& readers) : writer_(writer), readers_(readers) {}

    Result<VariantSurvey> survey(std::string_view name, const Transform& wanted, std::optional<ImageId> after,
                                 std::uint32_t limit) override {
        return readers_.read(
            [&](Connection& connection) { return look(connection, name, wanted, after, limit); });
    }

    Result<std::uint64_t> request(std::span<const ImageId> images, std::string_view name,
                                  const Transform& wanted, bool failed_again, Timestamp now) override {
        return writer_.write([&](Connection& connection) {
            return enqueue(connection, images, name, wanted, failed_again, now);
        });
    }

    Result<std::uint64_t> change_unmade(std::span<const ImageId> images, std::string_view name,
                                        const Transform& wanted, bool failed_again, Timestamp now) override {
        return writer_.write([&, text = to_json(wanted)](Connection& connection) {
            return change_transforms(connection, images, name, text, failed_again, now);
        });
    }

    Result<RerenderCounts> counts(std::string_view name) override {
        return readers_.read([&](Connection& connection) -> Result<RerenderCounts> {
            TRY_ASSIGN(Query query, connection.query(sql::rerender_counts, name));
            RerenderCounts counts;
            while (true) {
                TRY_ASSIGN(const bool row, query.next());
                if (!row) return counts;
                Columns columns{query};
                add_to_counts(columns, counts);
            }
        });
    }

    Result<std::uint64_t> backlog() override {
        return readers_.read([](Connection& connection) -> Result<std::uint64_t> {
            TRY_ASSIGN(Query query, connection.query(sql::rerender_backlog));
            TRY_ASSIGN(const bool found, query.next());
            return found ? Columns{query}.number<std::uint64_t>() : 0;
        });
    }

    Result<RerenderSearch> claim(Milliseconds lease, Timestamp now) override {
        TRY_ASSIGN(const auto next,
                   readers_.read([&](Connection& connection) { return next_due(connection, now); }));
        if (!next) return RerenderSearch{};
        return writer_.write([&](Connection& connection) { return search(connection, lease, now); });
    }

    Status renew(const RerenderId& id, Milliseconds lease, Timestamp now) override {
        return change_held(sql::renew_rerender, id, now + lease);
    }

    Status complete(const RerenderId& id, const VariantContent& content, Timestamp now) override {
        return writer_.write([&](Connection& connection) { return replace(connection, id, content, now); });
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
        return writer_.write([&](Connection& connection) {
            return change_held_rerender(connection, statement, id, values...);
        });
    }

    GroupWriter& writer_;
    ReaderPool& readers_;
};

}  // namespace

std::unique_ptr<Rerenders> make_rerenders(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqliteRerenders>(writer, readers);
}

}  // namespace safelight::sqlite
