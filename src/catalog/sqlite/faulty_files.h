// A file layer for SQLite that does what the usual one does until it is told to fail. For tests.
#pragma once

#include <atomic>
#include <string>

namespace safelight::sqlite {

/// SQLite result codes that writes and syncs return from now on; 0: they work. Any thread may set them.
struct FileFaults {
    std::atomic<int> write{0};
    std::atomic<int> sync{0};
    std::atomic<bool> open_read_only{false};

    void clear() {
        write = 0;
        sync = 0;
        open_read_only = false;
    }
};

/// Registers the layer (once per process) and returns its name, for SqliteConfig::vfs.
[[nodiscard]] std::string faulty_files_name();
[[nodiscard]] FileFaults& file_faults();

}  // namespace safelight::sqlite
