// Blobs as files in a folder. Why it is done in this order: docs/adr/0005-blobs-in-a-folder.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "blobs/blob_store.h"

namespace safelight {

struct FilesystemConfig {
    std::filesystem::path root;               // made, with its parents, when it is not there
    std::uint64_t free_bytes_min = 64 * MiB;  // with less than this left, check() says storage_full
    // true: what is here is kept elsewhere as well. Nothing has to survive the loss of power, and with less
    // than free_bytes_min left no blob is begun.
    bool is_disposable = false;

    [[nodiscard]] Status validate() const;
};

/// root/xy/KEY for a blob and root/xy/KEY.part for one that is being written; xy are the key's last two
/// digits. Files have mode 0600, folders 0700. Several stores, also of several processes, may share one root.
///
/// `remove` is durable when it returns: the loss of power does not bring the blob back.
/// `open` says corrupt_blob when something else than a plain file bears the key's name.
/// A file size limit of the process (RLIMIT_FSIZE) is reported as storage_full if the process ignores
/// SIGXFSZ.
///
/// Makes the folders; blocks. `clock` must outlive the store. Errors: invalid_argument, unavailable,
/// storage_full.
[[nodiscard]] Result<std::unique_ptr<BlobStore>> open_filesystem_store(const FilesystemConfig& config,
                                                                       const Clock& clock);

}  // namespace safelight
