// One blob on its way into the folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/sha256.h"
#include "blobs/blob_store.h"
#include "blobs/filesystem/group_commit.h"
#include "blobs/filesystem/posix_file.h"

namespace safelight {

/// `root` and `commits` must outlive the writer. Errors: conflict, storage_full, unavailable.
[[nodiscard]] Result<std::unique_ptr<BlobWriter>> start_file_writer(const posix::Descriptor& root,
                                                                    GroupCommit& commits, BlobKey key);

}  // namespace safelight
