// The original of an image, proven to be what was uploaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/byte_source.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "blobs/local_copies.h"
#include "catalog/records.h"

namespace safelight {

/// Reads all of the original and compares size and SHA-256 with the record. A store with a file behind the
/// blob is read in pieces, and the source is that file; else `buffer` takes the bytes, and must outlive the
/// source. `buffer` only grows. Errors: corrupt_blob (changed, or lost), payload_too_large (above bytes_max),
/// unavailable. Blocks.
///
/// A copy of it on this machine is taken where there is one that is whole; one that is not is dropped.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_checked_original(BlobStore& blobs, const Image& image,
                                                                        std::uint64_t bytes_max,
                                                                        std::vector<std::byte>& buffer,
                                                                        LocalCopies* copies = nullptr);

}  // namespace safelight
