// The catalog: images, jobs, variants, claims and the blob ledger. It owns the truth about what exists.
//
// Small interfaces over one database, because their callers differ: Catalog for the use cases, JobClaims for
// workers, BlobLedger for whoever writes or sweeps blobs, JobControl (in job_control.h) for jobs that fail or
// are called off, BulkOperations (in bulk_operations.h) for many jobs at once, JobChanges (in job_changes.h)
// for what became of them, Rerenders (in rerenders.h) for changed presets, Accounts (in accounts.h) for who
// may do what, Idempotency (in idempotency.h) for requests that are sent again, ResumableUploads (in
// resumable_uploads.h) for uploads in parts, Webhooks and DeliveryOutbox (in webhooks.h) for who is told of
// jobs, and what, UploadQuotas (in quotas.h) for what accounts may have and do, Retention (in retention.h)
// for how long they keep it.
// Every call is one atomic transaction, durable when it returns. Any thread may call any of them,
// concurrently; calls block and belong on a pool.
//
// Errors of every call: unavailable (the database does not answer, is locked or read-only), storage_full.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/accounts.h"
#include "catalog/bulk_operations.h"
#include "catalog/idempotency.h"
#include "catalog/job_changes.h"
#include "catalog/job_control.h"
#include "catalog/job_news.h"
#include "catalog/quotas.h"
#include "catalog/records.h"
#include "catalog/rerenders.h"
#include "catalog/resumable_uploads.h"
#include "catalog/retention.h"
#include "catalog/webhooks.h"
#include "transform/presets.h"

namespace safelight {

/// Newest first; the id of the last item of a page is where the next begins.
struct ListQuery {
    AccountId owner;
    std::optional<JobStatus> status{};          // jobs only
    std::optional<Timestamp> created_after{};   // exclusive
    std::optional<Timestamp> created_before{};  // exclusive
    std::optional<Uuid> after{};                // the last id of the page before
    std::uint32_t limit = 50;
};

template <class Record>
struct Page {
    std::vector<Record> items;
    bool has_more = false;
};

/// Which of the owner's images look like another one of theirs.
struct SimilarQuery {
    AccountId owner;
    ImageId image;
    std::uint32_t distance_max = 10;  // bits of Look::dhash; 0–64
    std::uint32_t limit = 50;
};

struct SimilarImage {
    Image image;
    std::uint32_t distance = 0;  // bits
};

/// What a deletion let go of.
struct Deletion {
    JobId job_id;
    std::vector<BlobKey> blobs;  // doomed: their bytes are to be removed
};

/// How many variants an image may have.
inline constexpr std::size_t variants_per_image_max = 64;

struct FocalPointChange {
    Image image;                               // as it stands then
    std::optional<WaitingJob> claimable = {};  // the job that now waits for somebody: publish it
};

/// What is written in the transaction that creates a job.
struct WithJob {
    /// What it makes of the job as stored, but for its lane, is kept as the answer to the request.
    RecordOfJob record_of = {};
    /// The upload becomes the job; its parts' blobs turn `doomed`.
    std::optional<UploadEnd> upload = {};
    /// Of the owner, in force: jobs are created one after another that these limit, over all processes.
    Quotas quotas = {};
};

class Catalog {
  public:
    virtual ~Catalog() = default;

    /// Image, job and pending variants come into being, and the original's ledger row turns `live`.
    /// job.image.blob must be reserved. Of the variants only name and transform count; status, lane and times
    /// of creation are the catalog's; the work is due at job.updated_at. Returns the job as stored. Errors:
    /// conflict (the blob is not reserved any more, an id or a variant's name is taken).
    /// What `with` names is written together with it, or nothing is changed: then also fenced (as
    /// Idempotency::keep; the upload has received something else meanwhile, is finished, or gone),
    /// quota_exceeded, daily_quota_exceeded.
    [[nodiscard]] virtual Result<Job> create_job(const Job& job, const WithJob& with) = 0;
    [[nodiscard]] Result<Job> create_job(const Job& job) { return create_job(job, {}); }

    /// Errors: not_found, also for somebody else's.
    [[nodiscard]] virtual Result<Job> find_job(AccountId owner, JobId id) = 0;
    [[nodiscard]] virtual Result<Image> find_image(AccountId owner, ImageId id) = 0;

    /// Cost depends on query.limit, not on the table's size.
    [[nodiscard]] virtual Result<Page<Job>> list_jobs(const ListQuery& query) = 0;
    [[nodiscard]] virtual Result<Page<Image>> list_images(const ListQuery& query) = 0;

    /// Nearest first, of equally near ones the newest; never the image itself. Cost grows with the number of
    /// the owner's images: 64 bits of each are read. Errors: not_found; conflict (the image has no look yet).
    [[nodiscard]] virtual Result<std::vector<SimilarImage>> similar_images(const SimilarQuery& query) = 0;

    /// Empty takes it away. Variants that are cropped around it are made again in time, and served as they
    /// are meanwhile; who is at work on one of them loses the claim. Nothing happens when it is there
    /// already. Errors: not_found.
    [[nodiscard]] virtual Result<FocalPointChange> set_focal_point(
        AccountId owner, ImageId id, const std::optional<FocalPoint>& focal_point, Timestamp now) = 0;

    /// Adds pending variants; the job is PROCESSING and claimable at once. A variant that exists with an
    /// equal transform, or is about to be made again by it, is left as it is (a repeated request is
    /// harmless), unless it has expired: then it is made again. Returns the job as it stands then. Errors:
    /// not_found; conflict (a name is taken by another transform; nothing is added, one fault each);
    /// invalid_argument (there would be more than variants_per_image_max).
    [[nodiscard]] virtual Result<Job> add_variants(AccountId owner, JobId id,
                                                   std::span<const VariantRequest> variants,
                                                   Timestamp now) = 0;

    /// The image, its job and variants are gone; their blobs turn `doomed`. Errors: not_found.
    [[nodiscard]] virtual Result<Deletion> delete_job(AccountId owner, JobId id, Timestamp now) = 0;
    [[nodiscard]] virtual Result<Deletion> delete_image(AccountId owner, ImageId id, Timestamp now) = 0;
};

/// A worker's hold on a job.
struct Claim {
    JobId job_id;
    std::uint32_t attempt = 0;  // the fencing token
    std::uint32_t tries = 0;    // claims since work was last asked for or finished, this one included
    Timestamp lease_until;
    Image image;
    std::vector<Variant> pending;  // what has to be made, in order
};

/// What became of one variant of a claim.
struct VariantOutcome {
    std::string name;
    std::optional<VariantContent> content;  // made: its blob's ledger row turns `live`
    std::optional<VariantError> error;      // or failed for good; exactly one of the two
};

/// What a completion did.
struct Completion {
    JobStatus status = JobStatus::processing;
    bool more_pending = false;  // variants were asked for meanwhile: publish the job again
    Lane lane = Lane::normal;   // of the job
};

class JobClaims {
  public:
    virtual ~JobClaims() = default;

    /// Takes the job for `lease` if it has pending variants, is due, and nobody holds it (one statement
    /// decides). Empty when there is nothing to claim: finished, held, not due yet, deleted; or it needs a
    /// newer version of the program, for which it is left, put off by `lease` so that it is in nobody's way
    /// (nothing else of it changes: no try is counted, and whoever's lease ran out may still finish).
    [[nodiscard]] virtual Result<std::optional<Claim>> claim(JobId id, Milliseconds lease, Timestamp now) = 0;

    /// Prolongs the lease to now + lease. Errors: fenced (another attempt began, or the job is gone).
    [[nodiscard]] virtual Status renew(JobId id, std::uint32_t attempt, Milliseconds lease,
                                       Timestamp now) = 0;

    /// Commits the outcomes, and the image's look if there is one, and gives the claim back. Outcomes for
    /// variants that are gone are dropped, their blobs doomed. Errors: fenced (nothing is changed: doom the
    /// blobs that were written); conflict (a blob is not reserved any more, e.g. swept as overdue: nothing is
    /// changed, the claim is still held).
    [[nodiscard]] virtual Result<Completion> complete(JobId id, std::uint32_t attempt,
                                                      std::span<const VariantOutcome> outcomes,
                                                      const std::optional<Look>& look, Timestamp now) = 0;
    [[nodiscard]] Result<Completion> complete(JobId id, std::uint32_t attempt,
                                              std::span<const VariantOutcome> outcomes, Timestamp now) {
        return complete(id, attempt, outcomes, std::nullopt, now);
    }

    /// Gives the claim back undone, to be claimed again from `due_at` on. With `counts` false the try is not
    /// counted (a shutdown, not a failure). Errors: fenced.
    [[nodiscard]] virtual Status release(JobId id, std::uint32_t attempt, Timestamp due_at, bool counts,
                                         Timestamp now) = 0;

    /// Jobs that could be claimed now: due, with pending variants, not held or with a lease that ran out.
    /// At most `limit` of each lane: the most urgent lane first, in each the oldest due first.
    [[nodiscard]] virtual Result<std::vector<WaitingJob>> claimable(std::uint32_t limit, Timestamp now) = 0;

    /// How many jobs have pending variants, held or not.
    [[nodiscard]] virtual Result<std::uint64_t> backlog() = 0;
};

enum class BlobState { writing, live, doomed };

struct LedgerEntry {
    BlobKey key;
    BlobState state = BlobState::writing;
    Timestamp deadline;  // of `writing`: when it may be swept
    bool operator==(const LedgerEntry&) const = default;
};

/// Every blob has a row here from before its first byte until after its last one is gone.
class BlobLedger {
  public:
    virtual ~BlobLedger() = default;

    /// Notes the keys as `writing` until `deadline`, before their first byte is written; all or none.
    /// Errors: conflict (a key is in the ledger already).
    [[nodiscard]] virtual Status reserve(std::span<const BlobKey> keys, Timestamp deadline) = 0;

    /// `writing` rows turn `doomed`: the write was given up. Others are left alone.
    [[nodiscard]] virtual Status abandon(std::span<const BlobKey> keys) = 0;

    /// What the sweeper has to remove: `doomed` blobs, and `writing` ones past their deadline, which turn
    /// `doomed` in this call, so that a late writer cannot make them live any more.
    /// In pages by key: keys above `after`, so that blobs which cannot be removed do not hide the rest.
    [[nodiscard]] virtual Result<std::vector<BlobKey>> sweepable(std::optional<BlobKey> after,
                                                                 std::uint32_t limit, Timestamp now) = 0;

    /// Drops `doomed` rows, after the bytes are gone. Others are left alone.
    [[nodiscard]] virtual Status forget(std::span<const BlobKey> keys) = 0;

    /// Pages through the ledger by key, for reconciling: entries with a key above `after`.
    [[nodiscard]] virtual Result<std::vector<LedgerEntry>> entries(std::optional<BlobKey> after,
                                                                   std::uint32_t limit) = 0;
    [[nodiscard]] virtual Result<std::optional<LedgerEntry>> find(BlobKey key) = 0;

    /// Every blob that a row refers to, with what is recorded of it, in pages by key: for reconciling.
    struct Reference {
        BlobKey key;
        std::uint64_t size_bytes = 0;
        Sha256 sha256;
        ImageId image_id;     // or, of a part, the upload's id
        std::string variant;  // empty for an original, upload_part for a part of an upload
    };
    static constexpr std::string_view upload_part = "/upload";  // which no variant is called
    [[nodiscard]] virtual Result<std::vector<Reference>> references(std::optional<BlobKey> after,
                                                                    std::uint32_t limit) = 0;
};

struct MigrationStatus {
    std::uint32_t version = 0;          // the database's; above this program's, when a newer one migrated it
    std::uint32_t compatible_from = 0;  // what a program has to know at least to work with the database
    std::uint32_t newest_version = 0;   // this program's
    std::vector<std::string> pending;   // names, in order
};

/// Brings the database's schema up or down. Errors: conflict (the database is newer than the program, and not
/// compatible with it). Programs that have the database open are not stopped: those with which the new schema
/// is not compatible have to be ended by whoever migrates.
class Migrator {
  public:
    virtual ~Migrator() = default;
    [[nodiscard]] virtual Result<MigrationStatus> status() = 0;
    /// Returns the names of what was applied: none, when a newer program has done more already.
    [[nodiscard]] virtual Result<std::vector<std::string>> up() = 0;
    /// Undoes the newest `steps`. Errors: conflict, of every database that is newer.
    [[nodiscard]] virtual Result<std::vector<std::string>> down(std::uint32_t steps) = 0;
};

/// One database with all its faces. Hands out references that live as long as it does.
class CatalogDatabase {
  public:
    virtual ~CatalogDatabase() = default;
    [[nodiscard]] virtual Catalog& catalog() = 0;
    [[nodiscard]] virtual JobClaims& claims() = 0;
    [[nodiscard]] virtual BlobLedger& ledger() = 0;
    [[nodiscard]] virtual JobControl& control() = 0;
    [[nodiscard]] virtual BulkOperations& bulk_operations() = 0;
    [[nodiscard]] virtual JobChanges& changes() = 0;
    [[nodiscard]] virtual Rerenders& rerenders() = 0;
    [[nodiscard]] virtual Accounts& accounts() = 0;
    [[nodiscard]] virtual Idempotency& idempotency() = 0;
    [[nodiscard]] virtual ResumableUploads& resumable_uploads() = 0;
    [[nodiscard]] virtual Webhooks& webhooks() = 0;
    [[nodiscard]] virtual DeliveryOutbox& outbox() = 0;
    [[nodiscard]] virtual UploadQuotas& upload_quotas() = 0;
    [[nodiscard]] virtual Retention& retention() = 0;
    /// Whether the database can be read and written now; for readiness.
    [[nodiscard]] virtual Status check() = 0;
    /// What other processes do to jobs, told until the JobNews is destroyed; null when one process has the
    /// database to itself. Connects in the background, for as long as it takes. `listener` must outlive what
    /// is returned. Errors: unavailable (no descriptors).
    [[nodiscard]] virtual Result<std::unique_ptr<JobNews>> listen(JobNewsListener& listener) = 0;
};

}  // namespace safelight
