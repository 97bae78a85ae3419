// The use case of an upload: bytes in, a durable original and a job out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "catalog/catalog.h"
#include "image/limits.h"
#include "queue/job_queue.h"
#include "renderer/renderer.h"
#include "service/key_stock.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "transform/presets.h"

namespace safelight {

struct IngestConfig {
    std::uint64_t bytes_max = 25'000'000;
    std::uint32_t uploads_max = 256;      // at the same time
    std::uint32_t probes_max = 2;         // at the same time; bounds the memory of header checks
    std::uint64_t backlog_max = 100'000;  // jobs that wait; past it uploads are refused
    /// What decoding a picture may take, by renderer/memory_estimate.h; past it uploads are refused.
    std::uint64_t render_bytes_max = 1'024 * 1'024 * 1'024ULL;
    Milliseconds probe_wait{10'000};         // how long an upload waits for its turn to be probed
    Milliseconds write_deadline{3'600'000};  // after it an unfinished write may be swept
    bool keeps_gps = false;                  // else where a picture was taken is stored nowhere but in it

    /// Errors: invalid_argument, one fault for each member.
    [[nodiscard]] Status validate() const;
};

/// What comes with the bytes; known by the time they have all arrived.
struct UploadDetails {
    std::string filename = {};         // any text; made valid and short here
    std::string metadata_json = "{}";  // a JSON object, checked by the caller
    std::vector<VariantRequest> variants = {};
    std::optional<FocalPoint> focal_point = {};
    Priority priority = Priority::normal;
    std::optional<Sha256> expected_sha256 = {};  // of the picture's bytes
    WithJob with = {};                           // what is written together with the job
    /// Blocks. What is in force for the owner, asked for just before the job is created; becomes
    /// with.quotas. Empty: those are as they are.
    std::function<Result<Quotas>()> quotas_now = {};
};

/// One upload in progress. One thread at a time; calls block. Destroyed unfinished, it leaves nothing behind.
class Upload {
  public:
    virtual ~Upload() = default;

    /// After an error the upload is over: what it had stored is gone, and every further call returns that
    /// error. Errors: unsupported_image (decided by the first bytes, before anything is stored),
    /// payload_too_large, storage_full, unavailable.
    [[nodiscard]] virtual Status write(std::span<const std::byte> bytes) = 0;

    /// Makes the original durable, probes it, and creates image, job and variants in one transaction; then
    /// the job is published. At most once. When it returns a job, nothing of it can be lost. Errors: as
    /// write, empty_payload, digest_mismatch, invalid_image, image_too_large, too_many_frames,
    /// too_many_scans, unsupported_transform (a watermark is none of the owner's images), renderer_failed,
    /// overloaded (no turn to be probed), timeout (write_deadline passed), fenced (as Catalog::create_job);
    /// nothing is left behind.
    [[nodiscard]] virtual Result<Job> finish(const UploadDetails& details) = 0;
};

/// Any thread may call. Everything passed in outlives it, and it outlives its uploads.
class Ingest {
  public:
    virtual ~Ingest() = default;

    /// May block for a query, once a second. Errors: overloaded (too many uploads at once, or too long a
    /// backlog), unavailable.
    [[nodiscard]] virtual Result<std::unique_ptr<Upload>> begin(AccountId owner) = 0;
};

struct IngestParts {
    const Clock& clock;
    IdGenerator& ids;
    Catalog& catalog;
    JobClaims& claims;
    BlobLedger& ledger;
    BlobStore& blobs;
    KeyStock& keys;  // for originals, with the write_deadline of the configuration
    JobQueue& queue;
    Renderer& renderer;
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
};

[[nodiscard]] std::unique_ptr<Ingest> make_ingest(const IngestConfig& config, const IngestParts& parts);

}  // namespace safelight
