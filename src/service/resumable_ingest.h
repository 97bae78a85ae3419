// Uploads in several requests: what arrives is durable in parts, and the whole of it goes through Ingest.
//
// The last part and the job come into being together: until then the upload lacks bytes, so that whoever asks
// how far it got, after a crash for example, sends them again. Bytes are written twice, as part and as
// original.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "catalog/catalog.h"
#include "service/ingest.h"
#include "service/key_stock.h"
#include "telemetry/log.h"

namespace safelight {

struct ResumableIngestConfig {
    std::uint64_t bytes_max = 25'000'000;  // of an upload; as IngestConfig::bytes_max
    std::uint64_t part_bytes = 8'388'608;  // as much is lost at most when a process dies
    Milliseconds part_age{600'000};   // a part that takes longer to fill is ended as it is; far below the
                                      // deadline of its blob's key
    std::uint32_t parts_max = 1'000;  // of an upload
    std::uint32_t appends_max = 256;  // at the same time
    std::uint32_t unfinished_max = 1'000;  // of an account, about
    Milliseconds lifetime{86'400'000};     // of an upload, from when it last got something

    /// Errors: invalid_argument, one fault for each member.
    [[nodiscard]] Status validate() const;
};

/// How far an upload has got.
struct UploadProgress {
    std::uint64_t received_bytes = 0;  // durable
    Timestamp expires_at;
    std::optional<Job> job = {};  // when that was all
};

/// The bytes of one request on their way into an upload. One thread at a time; calls block. What was not made
/// durable when it is destroyed leaves nothing behind. Bytes are durable from `finish` or `keep` on, or
/// earlier when there are many.
class UploadAppend {
  public:
    virtual ~UploadAppend() = default;

    /// After an error it is over, and every further call returns that error; of an upload that can never
    /// become a job nothing is left then. Errors: payload_too_large (past the end of the upload),
    /// unsupported_image (the upload begins like no picture), invalid_argument (it came in too many parts),
    /// fenced (another request has gone on with the upload), timeout, storage_full, unavailable.
    [[nodiscard]] virtual Status write(std::span<const std::byte> bytes) = 0;

    /// The request is complete. When nothing is missing any more, the upload becomes a job by `details`.
    /// Errors: as write; digest_mismatch (the bytes are not what the
    /// checksum says: none of them is kept); when nothing is missing also those of Ingest::begin and
    /// Upload::finish, and corrupt_blob.
    [[nodiscard]] virtual Result<UploadProgress> finish(const UploadDetails& details) = 0;

    /// No more bytes will come, though there should: keeps those that did, unless a checksum is still to be
    /// checked. Returns how many the upload has now. Errors: as write.
    [[nodiscard]] virtual Result<std::uint64_t> keep() = 0;
};

/// Any thread may call; calls block. It outlives its appends.
class ResumableIngest {
  public:
    virtual ~ResumableIngest() = default;

    /// `details` is kept as it is, for the caller. Errors: empty_payload, payload_too_large, overloaded (the
    /// account has too many), unavailable, storage_full.
    [[nodiscard]] virtual Result<ResumableUpload> create(AccountId owner, std::uint64_t size_bytes,
                                                         std::string details) = 0;

    /// Errors: not_found, also for somebody else's and for one that has expired.
    [[nodiscard]] virtual Result<ResumableUpload> find(AccountId owner, UploadId id) = 0;

    /// What comes next in `upload`, which was just found and is not finished. Errors: overloaded (too many at
    /// the same time).
    [[nodiscard]] virtual Result<std::unique_ptr<UploadAppend>> append(
        const ResumableUpload& upload, const std::optional<Checksum>& checksum) = 0;

    /// Of an upload that became a job, the job stays. Errors: not_found.
    [[nodiscard]] virtual Status remove(AccountId owner, UploadId id) = 0;
};

struct ResumableIngestParts {
    const Clock& clock;
    IdGenerator& ids;
    ResumableUploads& uploads;
    BlobLedger& ledger;
    BlobStore& blobs;
    KeyStock& keys;
    Ingest& ingest;
    telemetry::Logger& log;
};

/// Everything passed in outlives it.
[[nodiscard]] std::unique_ptr<ResumableIngest> make_resumable_ingest(const ResumableIngestConfig& config,
                                                                     const ResumableIngestParts& parts);

}  // namespace safelight
