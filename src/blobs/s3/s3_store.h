// Blobs in a bucket of any S3-compatible store. Why it is done this way: docs/adr/0013-blobs-in-s3.md.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "blobs/blob_links.h"
#include "blobs/blob_store.h"
#include "blobs/s3/credentials.h"
#include "blobs/s3/s3_config.h"

namespace safelight {

/// Blobs are objects prefix/KEY. Several stores, also of several processes, may share one prefix. A blob that
/// commit() has reported is as durable as the store makes an object.
///
/// What a BlobStore promises holds, but for three things that S3 does not offer:
///
/// - A write of at most part_bytes is one PUT at its commit; before, the bucket knows nothing of it. So
/// `list`
///   does not show it, and a `remove` of its key by *another process* does not reach it: it becomes visible
///   when it is committed after that. (In this process it is `cancelled`.) To bound this, a write that lasts
///   longer than announce_after shows as an unfinished one from then on, and one that has not shown for
///   unannounced_max is not committed but `cancelled`; writes are given up, and their keys removed, long
///   after that. With announce_after 0 there is no such gap, at the price of three requests for a small blob.
/// - Of two writers of one key in *different processes* exactly one wins only where the store heeds
///   `If-None-Match: *` (Amazon and MinIO do, Swift refuses to). Elsewhere the later one may overwrite when
///   both commit in the same moment; otherwise it is told `conflict`. In one process the first one wins. Keys
///   are random and made once, so that this takes a bug elsewhere.
/// - A source reads in pieces: after its blob is removed, what it does not hold ends with not_found.
///
/// A bucket must not keep versions, or removed blobs stay.
///
/// `check` writes one byte to prefix/safelight-check, and leaves it there: `list` does not show it. So it
/// never leaves what nobody knows, wherever it is interrupted, and several processes do not disturb each
/// other.
///
/// A failed commit may leave the object behind when the store cannot be reached any more; `remove` of the key
/// gets rid of it, as does `list`. Log texts name objects and the store's error code, never credentials and
/// nothing else that the store sent.
class S3Store : public BlobStore, public BlobLinks {
  public:
    /// Makes the bucket when the store says that there is none, and then checks it; any other trouble is told
    /// as it is. Idempotent. Errors: as `check`; conflict (somebody else has the bucket).
    [[nodiscard]] virtual Status ensure_bucket() = 0;
};

/// Does not speak to the store yet: `check` does. `clock` must outlive the store (signatures bear the time),
/// and the store its writers and sources. Errors: invalid_argument.
[[nodiscard]] Result<std::unique_ptr<S3Store>> open_s3_store(
    const S3Config& config, std::unique_ptr<s3::CredentialsProvider> credentials, const Clock& clock);

}  // namespace safelight
