// Catalog on SQLite: finding, listing, creating, asking for variants, deleting.
#include <utility>

#include "catalog/sql/idempotency.h"
#include "catalog/sql/quotas.h"
#include "catalog/sql/resumable_uploads.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/writes.h"
#include "catalog/sqlite/deletion.h"
#include "catalog/sqlite/faces.h"
#include "catalog/sqlite/rows.h"
#include "catalog/sqlite/similar.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {
namespace {

Result<Image> image_by_id(Connection& connection, AccountId owner, ImageId id) {
    Image image;
    {
        TRY_ASSIGN(Query query, connection.query(sql::find_image, id, owner));
        TRY_ASSIGN(const bool found, query.next());
        if (!found) return no_image();
        Columns columns{query};
        image = read_image(columns);
        TRY(columns.status());
    }
    TRY_ASSIGN(image.variants, variants_of(connection, id));
    return image;
}

/// Reads the rows of a page; one more than `limit` was asked for, to know whether there are more.
template <class Record>
Result<Page<Record>> read_page(Query query, std::uint32_t limit, Record (*read)(Columns&)) {
    Page<Record> page;
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) return page;
        if (page.items.size() == limit) {
            page.has_more = true;
            return page;
        }
        Columns columns{query};
        page.items.push_back(read(columns));
        TRY(columns.status());
    }
}

Result<Page<Job>> page_of_jobs(Connection& connection, const ListQuery& query) {
    const IdRange range = range_of(query);
    const std::int64_t limit = query.limit;
    const auto ask = [&](std::string_view plain, std::string_view by_status,
                         std::int64_t rows) -> Result<Query> {
        if (!query.status) return connection.query(plain, query.owner, range.lowest, range.upper, rows);
        return connection.query(by_status, query.owner, range.lowest, range.upper, rows,
                                name_of(*query.status));
    };
    TRY_ASSIGN(Query rows, ask(sql::list_jobs, sql::list_jobs_by_status, limit + 1));
    TRY_ASSIGN(Page<Job> page, read_page<Job>(std::move(rows), query.limit, &read_job));
    TRY_ASSIGN(Query variant_rows, ask(sql::list_jobs_variants, sql::list_jobs_by_status_variants, limit));
    TRY_ASSIGN(std::vector<PlacedVariant> variants, read_variants(std::move(variant_rows)));
    std::vector<Image*> images;
    for (Job& job : page.items) images.push_back(&job.image);
    distribute(std::move(variants), images);
    return page;
}

Result<Page<Image>> page_of_images(Connection& connection, const ListQuery& query) {
    const IdRange range = range_of(query);
    const std::int64_t limit = query.limit;
    TRY_ASSIGN(Query rows,
               connection.query(sql::list_images, query.owner, range.lowest, range.upper, limit + 1));
    TRY_ASSIGN(Page<Image> page, read_page<Image>(std::move(rows), query.limit, &read_image));
    TRY_ASSIGN(Query variant_rows,
               connection.query(sql::list_images_variants, query.owner, range.lowest, range.upper, limit));
    TRY_ASSIGN(std::vector<PlacedVariant> variants, read_variants(std::move(variant_rows)));
    std::vector<Image*> images;
    for (Image& image : page.items) images.push_back(&image);
    distribute(std::move(variants), images);
    return page;
}

/// The lane that was chosen for it.
Result<Lane> insert(Connection& connection, const Job& job) {
    const Image& image = job.image;
    TRY(insert_image(connection, image));
    TRY(connection.run(sql::insert_job, job.id, job.owner, image.id, job.updated_at,
                       std::string_view{job.metadata_json}, static_cast<int>(job.priority)));
    std::int64_t position = 0;
    for (const Variant& variant : image.variants) {
        TRY(connection.run(sql::insert_variant, image.id, std::string_view{variant.name}, position++,
                           std::string_view{to_json(variant.transform)}, variant.updated_at));
    }
    if (image.variants.empty()) {
        TRY(connection.run(sql::bare_job_received, job.id));
        return job.lane;
    }
    TRY_ASSIGN(Query query, connection.query(sql::status_and_lane, job.id));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return failure(ErrorCode::internal, "Something went wrong.", "a job without a row");
    Columns columns{query};
    TRY_ASSIGN(const Completion stored, completion_of(columns));
    return stored.lane;
}

Result<Successors> successors_of(Connection& connection, ImageId image_id) {
    Successors successors;
    TRY_ASSIGN(Query query, connection.query(sql::rerenders_of_image, image_id));
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) return successors;
        Columns columns{query};
        add_successor(columns, successors);
    }
}

Result<Job> add(Connection& connection, AccountId owner, JobId id, std::span<const VariantRequest> wanted,
                Timestamp now) {
    TRY_ASSIGN(Job job, job_by_id(connection, owner, id));
    TRY_ASSIGN(const Successors successors, successors_of(connection, job.image.id));
    TRY_ASSIGN(const auto added, missing_variants(job.image.variants, successors, wanted));
    const auto woken = expired_among(job.image.variants, wanted);
    if (added.empty() && woken.empty()) return job;
    // Variants are never taken away singly, so that their number is the next position.
    auto position = static_cast<std::int64_t>(job.image.variants.size());
    for (const VariantRequest& request : added) {
        TRY(connection.run(sql::insert_variant, job.image.id, std::string_view{request.name}, position++,
                           std::string_view{to_json(request.transform)}, now));
    }
    for (const std::string& name : woken)
        TRY(connection.run(sql::wake_variant, job.image.id, std::string_view{name}, now));
    TRY(connection.run(sql::work_asked_for, id, now));
    return job_by_id(connection, owner, id);
}

Result<FocalPointChange> change_focal_point(Connection& connection, AccountId owner, ImageId id,
                                            const std::optional<FocalPoint>& focal_point, Timestamp now) {
    FocalPointChange change;
    TRY_ASSIGN(change.image, image_by_id(connection, owner, id));
    if (change.image.focal_point == focal_point) return change;
    TRY_ASSIGN(const bool taken, move_focal_point(connection, owner, id, focal_point, now));
    TRY_ASSIGN(change.image, image_by_id(connection, owner, id));
    if (!taken) return change;
    TRY_ASSIGN(Query query, connection.query(sql::waiting_job_of_image, id));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return change;
    Columns columns{query};
    change.claimable = read_waiting_job(columns);
    return change;
}

class Jobs final : public Catalog {
  public:
    Jobs(GroupWriter& writer, ReaderPool& readers) : writer_(writer), readers_(readers) {}

    Result<Job> create_job(const Job& job, const WithJob& with) override {
        Job stored = as_stored(job);
        const auto record = with.record_of ? std::optional(with.record_of(stored)) : std::nullopt;
        TRY_ASSIGN(stored.lane, writer_.write([&](Connection& connection) -> Result<Lane> {
            if (limit_jobs(with.quotas)) TRY(check_quotas(connection, stored, with.quotas));
            if (record) TRY(keep_answer(connection, *record));
            if (with.upload) TRY(end_upload(connection, stored.owner, *with.upload, stored.id));
            return insert(connection, stored);
        }));
        return stored;
    }

    Result<Job> find_job(AccountId owner, JobId id) override {
        return readers_.read([&](Connection& connection) { return job_by_id(connection, owner, id); });
    }

    Result<Image> find_image(AccountId owner, ImageId id) override {
        return readers_.read([&](Connection& connection) { return image_by_id(connection, owner, id); });
    }

    Result<Page<Job>> list_jobs(const ListQuery& query) override {
        return readers_.read([&](Connection& connection) { return page_of_jobs(connection, query); });
    }

    Result<Page<Image>> list_images(const ListQuery& query) override {
        return readers_.read([&](Connection& connection) { return page_of_images(connection, query); });
    }

    Result<std::vector<SimilarImage>> similar_images(const SimilarQuery& query) override {
        return readers_.read([&](Connection& connection) { return similar_to(connection, query); });
    }

    Result<FocalPointChange> set_focal_point(AccountId owner, ImageId id,
                                             const std::optional<FocalPoint>& focal_point,
                                             Timestamp now) override {
        return writer_.write([&](Connection& connection) {
            return change_focal_point(connection, owner, id, focal_point, now);
        });
    }

    Result<Job> add_variants(AccountId owner, JobId id, std::span<const VariantRequest> variants,
                             Timestamp now) override {
        return writer_.write(
            [&](Connection& connection) { return add(connection, owner, id, variants, now); });
    }

    Result<Deletion> delete_job(AccountId owner, JobId id, Timestamp) override {
        return writer_.write(
            [&](Connection& connection) { return sqlite::delete_job(connection, owner, id); });
    }

    Result<Deletion> delete_image(AccountId owner, ImageId id, Timestamp) override {
        return writer_.write([&](Connection& connection) -> Result<Deletion> {
            JobId job_id;
            {
                TRY_ASSIGN(Query query, connection.query(sql::job_of_image, id, owner));
                TRY_ASSIGN(const bool found, query.next());
                if (!found) return no_image();
                job_id = Columns{query}.id<JobId>();
            }
            return sqlite::delete_job(connection, owner, job_id);
        });
    }

  private:
    GroupWriter& writer_;
    ReaderPool& readers_;
};

}  // namespace

Result<Deletion> delete_job(Connection& connection, AccountId owner, JobId id) {
    ImageId image_id;
    std::vector<BlobKey> keys;
    {
        TRY_ASSIGN(Query query, connection.query(sql::blobs_of_job, id, owner));
        TRY_ASSIGN(const bool found, query.next());
        if (!found) return no_job();
        Columns columns{query};
        image_id = columns.id<ImageId>();
        keys.push_back(columns.id<BlobKey>());
    }
    {
        TRY_ASSIGN(Query query, connection.query(sql::blobs_of_variants, image_id));
        while (true) {
            TRY_ASSIGN(const bool row, query.next());
            if (!row) break;
            keys.push_back(Columns{query}.id<BlobKey>());
        }
    }
    TRY(connection.run(sql::delete_job, id));
    TRY(connection.run(sql::delete_image, image_id));  // takes the variants along
    TRY(doom_all(connection, keys));
    return Deletion{.job_id = id, .blobs = std::move(keys)};
}

Status doom_all(Connection& connection, std::span<const BlobKey> keys) {
    for (const BlobKey& key : keys) TRY(connection.run(sql::doom, key));
    return {};
}

std::unique_ptr<Catalog> make_jobs(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<Jobs>(writer, readers);
}

}  // namespace safelight::sqlite
