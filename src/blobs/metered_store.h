// Counts and times the calls to a store.
#pragma once

#include <memory>

#include "blobs/blob_store.h"
#include "telemetry/metrics.h"

namespace safelight {

/// Behaves as `inner`, and reports to Metrics::blob_operation: create, write, commit, open, read, remove,
/// remove_many, list, check. The writes of one writer are one "write", the reads of one source one "read",
/// with the time spent in the calls; reported when the writer or source is destroyed. The result is "ok" or
/// the name of the (first) error. Reads through descriptor() are not seen. `metrics` must outlive the store
/// and all that it hands out.
[[nodiscard]] std::unique_ptr<BlobStore> make_metered_store(std::unique_ptr<BlobStore> inner,
                                                            telemetry::Metrics& metrics);

}  // namespace safelight
