// The use cases on what is there: find, list, fetch, ask for variants, try again, cancel, delete.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_source.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "catalog/catalog.h"
#include "queue/job_queue.h"
#include "service/job_watch.h"
#include "service/variant_reads.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "transform/presets.h"

namespace safelight {

/// Bytes to be sent, with what is known of them. `bytes` is checked against `sha256` by whoever reads all of
/// it.
struct Content {
    std::unique_ptr<ByteSource> bytes;
    std::optional<Format> format;  // empty: one that only a newer version knows
    Sha256 sha256;
    Timestamp modified_at;
    std::string filename;  // a name to offer for saving: the client's for an original, "cat-thumbnail.jpg"
                           // for a variant
};

/// Any thread may call, concurrently; calls block. Everything passed in outlives it.
/// Errors of every call: not_found (also for somebody else's), unavailable.
class Library {
  public:
    virtual ~Library() = default;

    [[nodiscard]] virtual Result<Job> find_job(AccountId owner, JobId id) = 0;
    [[nodiscard]] virtual Result<Image> find_image(AccountId owner, ImageId id) = 0;
    [[nodiscard]] virtual Result<Page<Job>> list_jobs(const ListQuery& query) = 0;
    [[nodiscard]] virtual Result<Page<Image>> list_images(const ListQuery& query) = 0;

    /// As Catalog::similar_images and Catalog::set_focal_point.
    [[nodiscard]] virtual Result<std::vector<SimilarImage>> similar_images(const SimilarQuery& query) = 0;
    [[nodiscard]] virtual Result<Image> set_focal_point(AccountId owner, ImageId id,
                                                        const std::optional<FocalPoint>& focal_point) = 0;

    /// Errors: conflict (a name is taken by another transform), invalid_argument (too many variants on one
    /// image), unsupported_transform (a watermark is none of the owner's images).
    [[nodiscard]] virtual Result<Job> request_variants(AccountId owner, JobId id,
                                                       std::span<const VariantRequest> variants) = 0;

    /// As JobControl::retry: of a job that has failed or got stuck. Errors: nothing_to_retry, overloaded (too
    /// many jobs wait).
    [[nodiscard]] virtual Result<Job> retry_job(AccountId owner, JobId id) = 0;
    /// As JobControl::cancel. A worker of this process that has it in hand learns of it at once. Errors:
    /// nothing_to_cancel.
    [[nodiscard]] virtual Result<Job> cancel_job(AccountId owner, JobId id) = 0;

    /// Begun by a worker of any process before long. Errors: overloaded (too many are under way).
    [[nodiscard]] virtual Result<BulkOperation> begin_bulk_operation(AccountId owner, BulkKind kind,
                                                                     const JobFilter& filter) = 0;
    [[nodiscard]] virtual Result<BulkOperation> find_bulk_operation(AccountId owner, BulkOperationId id) = 0;

    /// The opened blob has the recorded size. Errors: corrupt_blob (it has not, or it is lost).
    [[nodiscard]] virtual Result<Content> open_original(AccountId owner, ImageId id) = 0;
    /// Errors: as open_original; variant_not_ready, variant_failed.
    [[nodiscard]] virtual Result<Content> open_variant(AccountId owner, ImageId id,
                                                       std::string_view name) = 0;
    /// A variant that has expired, which is not ready then, is made again: the job that does it, whoever
    /// asked. Empty when it has not expired, or is there again. Errors: overloaded (too many jobs wait).
    [[nodiscard]] virtual Result<std::optional<JobId>> remake_variant(AccountId owner, ImageId id,
                                                                      std::string_view name) = 0;

    /// The image, its job, the original and every variant. The bytes are removed before it returns when the
    /// store answers, else by the sweeper.
    [[nodiscard]] virtual Status delete_job(AccountId owner, JobId id) = 0;
    [[nodiscard]] virtual Status delete_image(AccountId owner, ImageId id) = 0;
};

struct LibraryParts {
    const Clock& clock;
    IdGenerator& ids;
    Catalog& catalog;
    JobClaims& claims;
    JobControl& control;
    BulkOperations& bulk_operations;
    Retention& retention;
    BlobLedger& ledger;
    BlobStore& blobs;
    JobQueue& queue;
    JobWatch& watch;  // told of deletions and of work that was asked for or called off
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
    std::uint64_t backlog_max = 100'000;  // jobs that wait; past it no more work is taken on
    std::uint32_t tries_max = 3;          // as the workers': after so many a job that nobody holds is stuck
    VariantReads* reads = nullptr;        // told of variants that are opened; empty: nobody is
};

[[nodiscard]] std::unique_ptr<Library> make_library(const LibraryParts& parts);

}  // namespace safelight
