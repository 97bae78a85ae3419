#include "service/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/backlog_gauge.h"
#include "service/blob_reservation.h"
#include "service/filename.h"
#include "service/watermarks.h"

namespace safelight {
namespace {

class CatalogLibrary final : public Library {
  public:
    explicit CatalogLibrary(const LibraryParts& parts) : parts_(parts), backlog_(parts.clock, parts.claims) {}

    Result<Job> find_job(AccountId owner, JobId id) override { return parts_.catalog.find_job(owner, id); }
    Result<Image> find_image(AccountId owner, ImageId id) override {
        return parts_.catalog.find_image(owner, id);
    }
    Result<Page<Job>> list_jobs(const ListQuery& query) override { return parts_.catalog.list_jobs(query); }
    Result<Page<Image>> list_images(const ListQuery& query) override {
        return parts_.catalog.list_images(query);
    }

    Result<std::vector<SimilarImage>> similar_images(const SimilarQuery& query) override {
        return parts_.catalog.similar_images(query);
    }
    Result<Image> set_focal_point(AccountId owner, ImageId id,
                                  const std::optional<FocalPoint>& focal_point) override {
        TRY_ASSIGN(FocalPointChange change,
                   parts_.catalog.set_focal_point(owner, id, focal_point, parts_.clock.now()));
        if (change.claimable) {
            parts_.watch.notify(change.claimable->id);  // who works on it for the old point can stop
            publish(*change.claimable);
        }
        return std::move(change.image);
    }

    Result<Job> request_variants(AccountId owner, JobId id,
                                 std::span<const VariantRequest> variants) override {
        TRY(backlog_.admit(parts_.backlog_max));
        TRY(check_watermarks(parts_.catalog, owner, variants));
        TRY_ASSIGN(Job job, parts_.catalog.add_variants(owner, id, variants, parts_.clock.now()));
        announce(job);
        return job;
    }

    Result<Job> retry_job(AccountId owner, JobId id) override {
        TRY(backlog_.admit(parts_.backlog_max));
        TRY_ASSIGN(Job job, parts_.control.retry(owner, id, parts_.tries_max, parts_.clock.now()));
        announce(job);
        return job;
    }

    Result<Job> cancel_job(AccountId owner, JobId id) override {
        TRY_ASSIGN(Job job, parts_.control.cancel(owner, id, parts_.clock.now()));
        announce(job);
        return job;
    }

    Result<BulkOperation> begin_bulk_operation(AccountId owner, BulkKind kind,
                                               const JobFilter& filter) override {
        BulkOperation operation;
        operation.id = parts_.ids.next<BulkOperationId>();
        operation.owner = owner;
        operation.kind = kind;
        operation.filter = filter;
        operation.created_at = time_of(operation.id.uuid);
        TRY(parts_.bulk_operations.create(operation));
        return operation;
    }
    Result<BulkOperation> find_bulk_operation(AccountId owner, BulkOperationId id) override {
        return parts_.bulk_operations.find(owner, id);
    }

    Result<Content> open_original(AccountId owner, ImageId id) override {
        TRY_ASSIGN(Image image, parts_.catalog.find_image(owner, id));
        Content content;
        TRY_ASSIGN(content.bytes, open(image, image.blob, image.size_bytes));
        content.format = known_format(image);
        content.sha256 = image.sha256;
        content.modified_at = image.created_at;
        content.filename = std::move(image.filename);
        return content;
    }

    Result<Content> open_variant(AccountId owner, ImageId id, std::string_view name) override {
        // Between the catalog and the store the variant may have been made again and its old bytes been
        // swept: what is recorded then is looked up again. Each round but the last has seen another blob.
        std::optional<BlobKey> vanished;
        for (;;) {
            TRY_ASSIGN(const Image image, parts_.catalog.find_image(owner, id));
            TRY_ASSIGN(const Variant variant, ready_variant(image, name));
            const VariantContent& recorded = *variant.content;
            auto bytes = parts_.blobs.open(recorded.blob);
            if (!bytes && bytes.error().code == ErrorCode::not_found && vanished != recorded.blob) {
                vanished = recorded.blob;
                continue;
            }
            Content content;
            TRY_ASSIGN(content.bytes, checked(std::move(bytes), image, recorded.blob, recorded.size_bytes));
            content.format = known_format(recorded);
            content.sha256 = recorded.sha256;
            content.modified_at = variant.updated_at;
            content.filename = variant_filename(image.filename, variant.name, content.format);
            if (parts_.reads != nullptr) parts_.reads->note(owner, id, variant);
            return content;
        }
    }

    Result<std::optional<JobId>> remake_variant(AccountId owner, ImageId id, std::string_view name) override {
        TRY_ASSIGN(const Image image, parts_.catalog.find_image(owner, id));
        const auto variant = std::ranges::find(image.variants, name, &Variant::name);
        if (variant == image.variants.end())
            return failure(ErrorCode::not_found, "The image has no variant of this name.");
        const bool is_expired = variant->status == VariantStatus::expired;
        // Being made for the first time, most likely.
        if (!is_expired && !variant->read_at) return std::nullopt;
        if (is_expired) TRY(backlog_.admit(parts_.backlog_max));
        TRY_ASSIGN(const auto remaking, parts_.retention.ask_again(owner, id, name, parts_.clock.now()));
        if (!remaking) return std::nullopt;
        if (remaking->is_asked_for_now) {
            parts_.watch.notify(remaking->job.id);
            publish(remaking->job);
        }
        return remaking->job.id;
    }

    Status delete_job(AccountId owner, JobId id) override {
        TRY_ASSIGN(const Deletion deletion, parts_.catalog.delete_job(owner, id, parts_.clock.now()));
        finish(deletion);
        return {};
    }

    Status delete_image(AccountId owner, ImageId id) override {
        TRY_ASSIGN(const Deletion deletion, parts_.catalog.delete_image(owner, id, parts_.clock.now()));
        finish(deletion);
        return {};
    }

  private:
    static Result<Variant> ready_variant(const Image& image, std::string_view name) {
        const auto variant = std::ranges::find(image.variants, name, &Variant::name);
        if (variant == image.variants.end()) {
            return failure(ErrorCode::not_found, "The image has no variant of this name.");
        }
        if (variant->status == VariantStatus::pending) {
            return failure(ErrorCode::variant_not_ready, "The variant is still being made.");
        }
        if (variant->status == VariantStatus::expired) {
            return failure(ErrorCode::variant_not_ready,
                           "The variant had expired, and has to be made again.");
        }
        if (variant->status == VariantStatus::failed) {
            return failure(ErrorCode::variant_failed,
                           variant->error ? variant->error->detail : "The variant could not be made.");
        }
        return *variant;
    }

    Result<std::unique_ptr<ByteSource>> open(const Image& image, BlobKey key, std::uint64_t size_bytes) {
        return checked(parts_.blobs.open(key), image, key, size_bytes);
    }

    /// What was opened, if it is what was recorded.
    Result<std::unique_ptr<ByteSource>> checked(Result<std::unique_ptr<ByteSource>> source,
                                                const Image& image, BlobKey key, std::uint64_t size_bytes) {
        if (source && (*source)->size_bytes() == size_bytes) return source;
        if (!source && source.error().code != ErrorCode::not_found) return source;
        // A deletion may have come between the catalog and the store.
        if (!source) TRY(parts_.catalog.find_image(image.owner, image.id));
        const std::string what =
            source ? fmt::format("{} of {} bytes", (*source)->size_bytes(), size_bytes) : "lost";
        parts_.log.error("stored bytes are damaged",
                         {{"image_id", image.id.to_string()}, {"blob", key.to_string()}, {"what", what}});
        return failure(ErrorCode::corrupt_blob, "The stored bytes are damaged.", what);
    }

    /// Waiters and a worker that has the job in hand learn of it; the bytes go.
    void finish(const Deletion& deletion) {
        parts_.metrics.deletion();
        parts_.watch.notify(deletion.job_id);
        remove_doomed({parts_.ledger, parts_.blobs, parts_.log}, deletion.blobs);
    }

    /// What was asked of the job: who waits for it and who works on it learn of that, and workers of new
    /// work.
    void announce(const Job& job) {
        parts_.watch.notify(job.id);
        if (job.status == JobStatus::processing) publish({job.id, job.lane});
    }

    /// Only a hint: the rescuer finds what was not published.
    void publish(const WaitingJob& job) {
        if (const Status status = parts_.queue.publish(job); !status) {
            parts_.log.warn("publishing failed",
                            {{"job_id", job.id.to_string()}, {"error", name_of(status.error().code)}});
        }
    }

    const LibraryParts parts_;
    BacklogGauge backlog_;
};

}  // namespace

std::unique_ptr<Library> make_library(const LibraryParts& parts) {
    return std::make_unique<CatalogLibrary>(parts);
}

}  // namespace safelight
