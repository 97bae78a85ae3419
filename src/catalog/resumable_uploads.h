// Uploads that arrive in parts, over several requests and connections: what has arrived of each is here,
// until it becomes a job or runs out.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: unavailable, storage_full.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"

namespace safelight {

using UploadId = Id<struct UploadTag>;

struct ResumableUpload {
    UploadId id;  // says when it was begun
    AccountId owner;
    std::uint64_t size_bytes = 0;      // of the whole, above 0
    std::uint64_t received_bytes = 0;  // all of them exactly when there is a job
    std::uint32_t parts = 0;           // in which they came
    std::string details;               // what was said with it, as its creator wrote it
    std::optional<JobId> job;          // which it became; it may have been deleted since
    Timestamp expires_at;

    bool operator==(const ResumableUpload&) const = default;
};

/// Bytes of an upload that are durable, as a blob of their own.
struct UploadPart {
    std::uint64_t offset = 0;  // of its first byte in the whole
    BlobKey blob;
    std::uint64_t size_bytes = 0;  // above 0
    Sha256 sha256;

    bool operator==(const UploadPart&) const = default;
};

/// That an upload is complete: see Catalog::create_job.
struct UploadEnd {
    UploadId id;
    std::uint64_t received_bytes = 0;  // before what ended it
    Timestamp expires_at = {};         // until when it tells of its job
};

class ResumableUploads {
  public:
    virtual ~ResumableUploads() = default;

    /// Of `upload`, received_bytes, parts and job do not count: it begins without. Errors: overloaded (the
    /// owner has about `unfinished_max` that are not finished; those created at the same time do not see each
    /// other).
    [[nodiscard]] virtual Status create(const ResumableUpload& upload, std::uint32_t unfinished_max) = 0;

    /// Errors: not_found, also for somebody else's.
    [[nodiscard]] virtual Result<ResumableUpload> find(AccountId owner, UploadId id) = 0;

    /// In their order; none once there is a job, or when there is no such upload.
    [[nodiscard]] virtual Result<std::vector<UploadPart>> parts(AccountId owner, UploadId id) = 0;

    /// Adds `parts`, which follow one another from received_bytes on and leave something missing; their
    /// ledger rows turn `live`, and the upload expires at `expires_at`. Nothing is changed after an error.
    /// Errors: fenced (it has received something else meanwhile, is finished, or gone), conflict (a blob is
    /// not reserved any more).
    [[nodiscard]] virtual Status append(AccountId owner, UploadId id, std::span<const UploadPart> parts,
                                        Timestamp expires_at) = 0;

    /// The upload is gone; its parts' blobs turn `doomed` and are returned. The job stays. Errors: not_found.
    [[nodiscard]] virtual Result<std::vector<BlobKey>> remove(AccountId owner, UploadId id) = 0;

    /// As `remove`, of an upload that can never become a job; only while it is not finished and has received
    /// just so much. Errors: fenced.
    [[nodiscard]] virtual Result<std::vector<BlobKey>> give_up(AccountId owner, UploadId id,
                                                               std::uint64_t received_bytes) = 0;

    /// Removes at most `limit` that have expired; returns how many. Their blobs are left to whoever removes
    /// `doomed` ones. Reads only when there are none.
    [[nodiscard]] virtual Result<std::uint64_t> sweep(std::uint32_t limit, Timestamp now) = 0;
};

}  // namespace safelight
