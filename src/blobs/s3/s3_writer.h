// One blob on its way into the bucket.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "blobs/s3/bucket.h"
#include "blobs/s3/conditional_put.h"
#include "blobs/s3/object_names.h"
#include "blobs/s3/s3_config.h"
#include "blobs/s3/writes_in_progress.h"

namespace safelight::s3 {

/// What writers share; all of it must outlive them.
struct WriterParts {
    const S3Config& config;
    const Clock& clock;
    const ObjectNames& names;
    Bucket& bucket;
    ConditionalPut& conditional;
    WritesInProgress& writes;
};

/// Errors: conflict, storage_full, unavailable.
[[nodiscard]] Result<std::unique_ptr<BlobWriter>> start_s3_writer(const WriterParts& parts, BlobKey key);

/// Random text that tells one writer's object from another's.
[[nodiscard]] std::string new_mark();

}  // namespace safelight::s3
