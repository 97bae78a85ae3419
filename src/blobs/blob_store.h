// Where bytes are kept: originals and variants, by key. Knows nothing of pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"

namespace safelight {

struct BlobInfo {
    std::uint64_t size_bytes = 0;
    Sha256 sha256;

    bool operator==(const BlobInfo&) const = default;
};

/// A blob that is being written. One thread at a time; calls block.
/// Destroying it before `commit` leaves nothing behind (unless the process dies: then `remove` of the key, or
/// the store's `list`, gets rid of what is left).
class BlobWriter {
  public:
    virtual ~BlobWriter() = default;

    /// Errors: storage_full, unavailable, payload_too_large (more than the store takes). After an error, or a
    /// commit, only destruction is allowed; the rest is an `internal` error.
    [[nodiscard]] virtual Status write(std::span<const std::byte> bytes) = 0;

    /// Makes the blob durable and visible under its key, all or nothing: when it returns a value, the blob
    /// survives the loss of power. At most once. Errors: conflict (another writer of the key was first),
    /// cancelled (the key was removed meanwhile), storage_full, unavailable, payload_too_large; nothing of
    /// this writer is visible then.
    [[nodiscard]] virtual Result<BlobInfo> commit() = 0;
};

/// What `list` finds.
struct BlobEntry {
    BlobKey key;
    std::uint64_t size_bytes = 0;
    Timestamp modified_at;
    bool unfinished = false;  // a write that was never committed
};

/// A blob is immutable: a key is written once, and never reused after removal.
/// Any thread may call, concurrently; calls block and belong on a pool.
class BlobStore {
  public:
    virtual ~BlobStore() = default;

    /// Starts a blob. Errors: conflict (the key exists), storage_full, unavailable.
    [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> create(BlobKey key) = 0;

    /// The returned source stays readable even when the blob is removed meanwhile.
    /// Errors: not_found, unavailable, corrupt_blob (what is there is no blob).
    [[nodiscard]] virtual Result<std::unique_ptr<ByteSource>> open(BlobKey key) = 0;

    /// Removes the blob and any unfinished write of the key, for good: when it returns, the loss of power
    /// does not bring them back. Idempotent: a key that is not there is a success. Errors: unavailable.
    [[nodiscard]] virtual Status remove(BlobKey key) = 0;

    /// `remove` of each key; one result for each, in their order. What a store does worse one by one it does
    /// together here; by itself it is one by one. When it fails for several keys in a row, those that follow
    /// may fail untried.
    [[nodiscard]] virtual std::vector<Status> remove_many(std::span<const BlobKey> keys);

    /// Calls `visit` for each blob and each unfinished write, in no order; stops at the first error of
    /// `visit`. Blobs that come or go meanwhile may be missed. What is in the store but bears no key's name
    /// is passed to `visit_foreign` by name, and never touched. `visit` may remove the entry it is given.
    [[nodiscard]] virtual Status list(const std::function<Status(const BlobEntry&)>& visit,
                                      const std::function<void(const std::string&)>& visit_foreign) = 0;

    /// Whether the store can be written to now; for readiness. Errors: unavailable, storage_full.
    [[nodiscard]] virtual Status check() = 0;
};

/// Writes `bytes` as one blob: create, write, commit.
[[nodiscard]] Result<BlobInfo> put(BlobStore& store, BlobKey key, std::span<const std::byte> bytes);

}  // namespace safelight
