// Blobs in memory: for tests of what stands above a store. Nothing survives the process.
#pragma once

#include <memory>

#include "base/clock.h"
#include "blobs/blob_store.h"

namespace safelight {

/// `clock` gives the times of entries and must outlive the store. Writers must not outlive the store; sources
/// may.
[[nodiscard]] std::unique_ptr<BlobStore> make_memory_store(const Clock& clock);

}  // namespace safelight
