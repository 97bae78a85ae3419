// An upload that is only looked at: what was served before is taken in once more for its hash alone.
#pragma once

#include <memory>

#include "service/ingest.h"

namespace safelight {

/// Stores nothing. Of the jobs that its uploads finish with only image.sha256 and image.size_bytes count.
/// Errors of finish: empty_payload, digest_mismatch.
[[nodiscard]] std::unique_ptr<Ingest> make_digest_ingest();

}  // namespace safelight
