// One blob being read from the bucket.
#pragma once

#include <memory>

#include "base/byte_source.h"
#include "base/ids.h"
#include "base/result.h"
#include "blobs/s3/bucket.h"
#include "blobs/s3/object_names.h"
#include "blobs/s3/read_budget.h"
#include "blobs/s3/s3_config.h"

namespace safelight::s3 {

/// One request brings the length and the first read_bytes_min bytes. `bucket` and `budget` must outlive the
/// source, which holds at most read_bytes_min and its share of the budget.
/// Errors: not_found, unavailable.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_s3_source(Bucket& bucket, ReadBudget& budget,
                                                                 const S3Config& config,
                                                                 const ObjectNames& names, BlobKey key);

}  // namespace safelight::s3
