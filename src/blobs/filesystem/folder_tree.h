// The folders of a store: making them, and going through what they hold.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "blobs/blob_store.h"
#include "blobs/filesystem/posix_file.h"

namespace safelight {

/// Makes the root, its parents and the fan-out folders where they are missing, durably, and opens the root.
/// Errors: unavailable, storage_full.
[[nodiscard]] Result<posix::Descriptor> open_folder_tree(const std::filesystem::path& root_path);

/// As BlobStore::list.
[[nodiscard]] Status list_folder_tree(const posix::Descriptor& root,
                                      const std::function<Status(const BlobEntry&)>& visit,
                                      const std::function<void(const std::string&)>& visit_foreign);

}  // namespace safelight
