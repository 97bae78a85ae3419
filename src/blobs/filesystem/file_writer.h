// One blob on its way into the folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/sha256.h"
#include "blobs/blob_store.h"
#include "blobs/filesystem/posix_file.h"

namespace safelight {

/// Whether a commit waits for the disk.
enum class Durability { full, none };

/// `root` must outlive the writer. Errors: conflict, storage_full, unavailable.
[[nodiscard]] Result<std::unique_ptr<BlobWriter>> start_file_writer(const posix::Descriptor& root,
                                                                    BlobKey key, Durability durability);

}  // namespace safelight
