// One blob being read from the folder.
#pragma once

#include <memory>

#include "base/byte_source.h"
#include "base/ids.h"
#include "base/result.h"
#include "blobs/filesystem/posix_file.h"

namespace safelight {

/// Reads through its own descriptor, so that it outlives the file's name. Errors: not_found, unavailable,
/// corrupt_blob (no plain file).
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_file_source(const posix::Descriptor& root,
                                                                   BlobKey key);

}  // namespace safelight
