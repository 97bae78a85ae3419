// Catalog on PostgreSQL: finding, listing, creating, asking for variants, deleting.
#include <algorithm>
#include <utility>

#include "catalog/postgres/deletion.h"
#include "catalog/postgres/faces.h"
#include "catalog/postgres/rows.h"
#include "catalog/postgres/statements.h"
#include "catalog/sql/idempotency.h"
#include "catalog/sql/quotas.h"
#include "catalog/sql/resumable_uploads.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/writes.h"

namespace safelight::postgres {
namespace {

Result<Image> image_by_id(Connection& connection, AccountId owner, ImageId id) {
    TRY_ASSIGN(Answer answer, connection.query(sql::find_image, id, owner));
    TRY_ASSIGN(std::vector<Image> images, read_images(std::move(answer)));
    if (images.empty()) return no_image();
    return std::move(images.front());
}

/// Of records of which one more than `limit` was asked for, to know whether there are more.
template <class Record>
Page<Record> page_of(std::vector<Record> records, std::uint32_t limit) {
    Page<Record> page{.items = std::move(records), .has_more = false};
    page.has_more = page.items.size() > limit;
    if (page.has_more) page.items.resize(limit);
    return page;
}

Result<Page<Job>> page_of_jobs(Connection& connection, const ListQuery& query) {
    const IdRange range = range_of(query);
    const std::int64_t rows = std::int64_t{query.limit} + 1;
    TRY_ASSIGN(Answer answer,
               query.status ? connection.query(sql::list_jobs_by_status, query.owner, range.lowest,
                                               range.upper, rows, name_of(*query.status))
                            : connection.query(sql::list_jobs, query.owner, range.lowest, range.upper, rows));
    TRY_ASSIGN(std::vector<Job> jobs, read_jobs(std::move(answer)));
    return page_of(std::move(jobs), query.limit);
}

Result<Page<Image>> page_of_images(Connection& connection, const ListQuery& query) {
    const IdRange range = range_of(query);
    TRY_ASSIGN(Answer answer, connection.query(sql::list_images, query.owner, range.lowest, range.upper,
                                               std::int64_t{query.limit} + 1));
    TRY_ASSIGN(std::vector<Image> images, read_images(std::move(answer)));
    return page_of(std::move(images), query.limit);
}

Result<std::vector<SimilarImage>> similar_to(Connection& connection, const SimilarQuery& wanted) {
    TRY_ASSIGN(Answer own, connection.query(sql::dhash_of_image, wanted.image, wanted.owner));
    if (!own.next()) return no_image();
    Columns columns{own};
    if (columns.next_is_null()) return no_look();
    TRY_ASSIGN(Answer nearest, connection.query(sql::similar_ids, wanted.owner, columns.number(),
                                                wanted.distance_max, wanted.image, wanted.limit));
    std::vector<std::pair<ImageId, std::uint32_t>> matches;
    std::vector<ImageId> ids;
    while (nearest.next()) {
        Columns match{nearest};
        const auto distance = match.number<std::uint32_t>();
        ids.push_back(match.id<ImageId>());
        matches.emplace_back(ids.back(), distance);
    }
    if (ids.empty()) return std::vector<SimilarImage>{};
    TRY_ASSIGN(Answer answer, connection.query(sql::images_by_ids, std::span<const ImageId>(ids)));
    TRY_ASSIGN(std::vector<Image> images, read_images(std::move(answer)));
    std::vector<SimilarImage> similar;
    for (const auto& [id, distance] : matches) {
        const auto image = std::ranges::find(images, id, &Image::id);  // gone, when it was deleted meanwhile
        if (image != images.end()) similar.push_back({std::move(*image), distance});
    }
    return similar;
}

/// Names and transforms, in order, as the statement takes them.
struct VariantLists {
    std::vector<std::string> names;
    std::vector<std::string> transforms;
};

template <class Variants>
VariantLists lists_of(const Variants& variants) {
    VariantLists lists;
    for (const auto& variant : variants) {
        lists.names.push_back(variant.name);
        lists.transforms.push_back(to_json(variant.transform));
    }
    return lists;
}

template <class Variants>
Status insert_variants(Connection& connection, ImageId image_id, const Variants& variants,
                       std::size_t first_position, Timestamp now) {
    const VariantLists lists = lists_of(variants);
    TRY(connection.run_later(sql::insert_variants, image_id, std::span<const std::string>(lists.names),
                             std::span<const std::string>(lists.transforms), first_position, now));
    return {};
}

/// Columns: status, lane.
Result<Lane> lane_in(Answer answer) {
    if (!answer.next()) return no_job();
    Columns columns{answer};
    TRY_ASSIGN(const Completion now, completion_of(columns));
    return now.lane;
}

Result<Lane> lane_of(Connection& connection, JobId id) {
    TRY_ASSIGN(Answer answer, connection.query(sql::status_and_lane, id));
    return lane_in(std::move(answer));
}

/// The lane that was chosen for it.
Result<Lane> insert(Connection& connection, const Job& job) {
    const Image& image = job.image;
    TRY(insert_image(connection, image));
    if (!image.variants.empty())
        TRY(insert_variants(connection, image.id, image.variants, 0, job.updated_at));
    TRY_ASSIGN(Answer answer,
               connection.query_and_commit(sql::insert_job, job.id, job.owner, image.id, job.updated_at,
                                           std::string_view{job.metadata_json},
                                           static_cast<int>(job.priority), name_of(job.status)));
    return lane_in(std::move(answer));
}

Result<Successors> successors_of(Connection& connection, ImageId image_id) {
    Successors successors;
    TRY_ASSIGN(Answer answer, connection.query(sql::rerenders_of_image, image_id));
    while (answer.next()) {
        Columns columns{answer};
        add_successor(columns, successors);
    }
    return successors;
}

/// A job that nobody else changes until the end of the transaction.
struct LockedJob {
    JobId id;
    ImageId image_id;
    BlobKey original;
};

Result<std::optional<LockedJob>> lock_by(Connection& connection, std::string_view statement, AccountId owner,
                                         const Uuid& id) {
    TRY_ASSIGN(Answer answer, connection.query(statement, id, owner));
    if (!answer.next()) return std::nullopt;
    Columns columns{answer};
    LockedJob locked;
    locked.id = columns.id<JobId>();
    locked.image_id = columns.id<ImageId>();
    locked.original = columns.id<BlobKey>();
    return locked;
}

Result<Job> add(Connection& connection, AccountId owner, JobId id, std::span<const VariantRequest> wanted,
                Timestamp now) {
    TRY_ASSIGN(const auto locked, lock_by(connection, sql::lock_job, owner, id.uuid));
    if (!locked) return no_job();
    TRY_ASSIGN(Job job, job_by_id(connection, owner, id));
    TRY_ASSIGN(const Successors successors, successors_of(connection, job.image.id));
    TRY_ASSIGN(const auto added, missing_variants(job.image.variants, successors, wanted));
    const auto woken = expired_among(job.image.variants, wanted);
    if (added.empty() && woken.empty()) return job;
    // Variants are never taken away singly, so that their number is the next position.
    if (!added.empty()) TRY(insert_variants(connection, job.image.id, added, job.image.variants.size(), now));
    for (const std::string& name : woken)
        TRY(connection.run_later(sql::wake_variant, job.image.id, std::string_view{name}, now));
    TRY(connection.run_later(sql::work_asked_for, id, now));
    return job_by_id(connection, owner, id);
}

Result<Deletion> erase_all_of(Connection& connection, const LockedJob& job) {
    std::vector<BlobKey> keys{job.original};
    TRY_ASSIGN(Answer answer, connection.query(sql::blobs_of_variants, job.image_id));
    while (answer.next()) keys.push_back(Columns{answer}.id<BlobKey>());
    TRY(connection.run_later(sql::delete_job, job.id));
    TRY(connection.run_later(sql::delete_image, job.image_id));  // takes the variants along
    TRY(connection.run_later(sql::doom, std::span<const BlobKey>(keys)));
    return Deletion{.job_id = job.id, .blobs = std::move(keys)};
}

Result<FocalPointChange> change_focal_point(Connection& connection, AccountId owner, ImageId id,
                                            const std::optional<FocalPoint>& focal_point, Timestamp now) {
    TRY_ASSIGN(Answer held, connection.query(sql::hold_job_of_image, id, owner));
    if (!held.next()) return no_image();
    const auto job = Columns{held}.id<JobId>();
    TRY_ASSIGN(Image image, image_by_id(connection, owner, id));
    if (image.focal_point == focal_point) return FocalPointChange{std::move(image)};
    TRY_ASSIGN(const bool taken, move_focal_point(connection, owner, id, focal_point, now));
    TRY_ASSIGN(image, image_by_id(connection, owner, id));
    if (!taken) return FocalPointChange{std::move(image)};
    TRY_ASSIGN(const Lane lane, lane_of(connection, job));
    return FocalPointChange{std::move(image), WaitingJob{job, lane}};
}

/// Whoever comes second sees in its own statements what the first has committed.
Status check_quotas_alone(Connection& connection, const Job& job, const Quotas& in_force) {
    TRY(connection.run_later(sql::make_quota_lock, job.owner));
    TRY(connection.run_later(sql::lock_quotas, job.owner));
    return check_quotas(connection, job, in_force);
}

class Jobs final : public Catalog {
  public:
    Jobs(Pool& pool, Reads& reads, NewsSender& news) : pool_(pool), reads_(reads), news_(news) {}

    Result<Job> create_job(const Job& job, const WithJob& with) override {
        Job stored = as_stored(job);
        const auto record = with.record_of ? std::optional(with.record_of(stored)) : std::nullopt;
        TRY_ASSIGN(stored.lane, pool_.write([&](Connection& connection) -> Result<Lane> {
            if (limit_jobs(with.quotas)) TRY(check_quotas_alone(connection, stored, with.quotas));
            if (record) TRY(keep_answer(connection, *record));
            if (with.upload) TRY(end_upload(connection, stored.owner, *with.upload, stored.id));
            return insert(connection, stored);
        }));
        if (stored.status == JobStatus::processing) news_.claimable({stored.id, stored.lane});
        return stored;
    }

    Result<Job> find_job(AccountId owner, JobId id) override {
        return reads_.read([&](Connection& connection) { return job_by_id(connection, owner, id); });
    }

    Result<Image> find_image(AccountId owner, ImageId id) override {
        return reads_.read([&](Connection& connection) { return image_by_id(connection, owner, id); });
    }

    Result<Page<Job>> list_jobs(const ListQuery& query) override {
        return reads_.read([&](Connection& connection) { return page_of_jobs(connection, query); });
    }

    Result<Page<Image>> list_images(const ListQuery& query) override {
        return reads_.read([&](Connection& connection) { return page_of_images(connection, query); });
    }

    Result<std::vector<SimilarImage>> similar_images(const SimilarQuery& query) override {
        return reads_.read([&](Connection& connection) { return similar_to(connection, query); });
    }

    Result<FocalPointChange> set_focal_point(AccountId owner, ImageId id,
                                             const std::optional<FocalPoint>& focal_point,
                                             Timestamp now) override {
        TRY_ASSIGN(FocalPointChange change, pool_.write([&](Connection& connection) {
            return change_focal_point(connection, owner, id, focal_point, now);
        }));
        if (change.claimable) news_.claimable(*change.claimable);
        return change;
    }

    Result<Job> add_variants(AccountId owner, JobId id, std::span<const VariantRequest> variants,
                             Timestamp now) override {
        TRY_ASSIGN(Job job, pool_.write([&](Connection& connection) {
            return add(connection, owner, id, variants, now);
        }));
        if (job.status == JobStatus::processing) news_.claimable({id, job.lane});
        return job;
    }

    Result<Deletion> delete_job(AccountId owner, JobId id, Timestamp) override {
        return erase([&](Connection& connection) { return postgres::delete_job(connection, owner, id); });
    }

    Result<Deletion> delete_image(AccountId owner, ImageId id, Timestamp) override {
        return erase([&](Connection& connection) -> Result<Deletion> {
            TRY_ASSIGN(const auto job, lock_by(connection, sql::lock_job_of_image, owner, id.uuid));
            if (!job) return no_image();
            return erase_all_of(connection, *job);
        });
    }

  private:
    /// Runs a transaction that deletes a job.
    template <class Work>
    Result<Deletion> erase(Work&& work) {
        TRY_ASSIGN(Deletion deletion, pool_.write(std::forward<Work>(work)));
        news_.changed(deletion.job_id);
        return deletion;
    }

    Pool& pool_;
    Reads& reads_;
    NewsSender& news_;
};

}  // namespace

Status doom_all(Connection& connection, std::span<const BlobKey> keys) {
    TRY(connection.run_later(sql::doom, keys));
    return {};
}

Result<Deletion> delete_job(Connection& connection, AccountId owner, JobId id) {
    TRY_ASSIGN(const auto job, lock_by(connection, sql::lock_job, owner, id.uuid));
    if (!job) return no_job();
    return erase_all_of(connection, *job);
}

std::unique_ptr<Catalog> make_jobs(Pool& pool, Reads& reads, NewsSender& news) {
    return std::make_unique<Jobs>(pool, reads, news);
}

}  // namespace safelight::postgres
