// URLs by which clients fetch blobs from the store itself, past this process: a power that only some stores
// have.
#pragma once

#include <chrono>
#include <string>

#include "base/ids.h"
#include "base/result.h"

namespace safelight {

/// What the one request is that a link allows.
enum class LinkMethod { get, head };

struct LinkOptions {
    LinkMethod method = LinkMethod::get;
    std::chrono::seconds valid_for{300};   // 1 s to 7 days
    std::string content_type = {};         // of the answer; empty: application/octet-stream
    std::string content_disposition = {};  // of the answer; empty: none
};

/// Any thread may call.
class BlobLinks {
  public:
    virtual ~BlobLinks() = default;

    /// A URL by which anybody can GET (or HEAD) the blob, without asking whether it exists. What the answer
    /// says of the bytes cannot be changed by whoever has the URL. May block, for credentials. Errors:
    /// unavailable, invalid_argument.
    [[nodiscard]] virtual Result<std::string> link_to(BlobKey key, const LinkOptions& options) = 0;
};

}  // namespace safelight
