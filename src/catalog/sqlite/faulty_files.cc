#include "catalog/sqlite/faulty_files.h"

#include <sqlite3.h>

#include <cstring>

namespace safelight::sqlite {
namespace {

/// Ours in front, the real file's room behind it in the same allocation.
struct FaultyFile {
    sqlite3_file base;
    sqlite3_file* real;
};

sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<FaultyFile*>(file)->real;
}
const sqlite3_io_methods* methods(sqlite3_file* file) {
    return real(file)->pMethods;
}

int close_file(sqlite3_file* file) {
    return methods(file)->xClose(real(file));
}
int read_file(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
    return methods(file)->xRead(real(file), out, count, offset);
}
int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    if (const int fault = file_faults().write; fault != SQLITE_OK) return fault;
    return methods(file)->xWrite(real(file), bytes, count, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    return methods(file)->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
    if (const int fault = file_faults().sync; fault != SQLITE_OK) return fault;
    return methods(file)->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return methods(file)->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
    return methods(file)->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
    return methods(file)->xUnlock(real(file), level);
}
int check_reserved(sqlite3_file* file, int* out) {
    return methods(file)->xCheckReservedLock(real(file), out);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
    return methods(file)->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
    return methods(file)->xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) {
    return methods(file)->xDeviceCharacteristics(real(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return methods(file)->xShmMap(real(file), page, size, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return methods(file)->xShmLock(real(file), offset, count, flags);
}
void shared_barrier(sqlite3_file* file) {
    methods(file)->xShmBarrier(real(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
    return methods(file)->xShmUnmap(real(file), remove);
}

const sqlite3_io_methods faulty_methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = shared_barrier,
    .xShmUnmap = unmap_shared,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* usual() {
    return sqlite3_vfs_find(nullptr);
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* faulty = reinterpret_cast<FaultyFile*>(file);
    faulty->base.pMethods = nullptr;
    faulty->real = reinterpret_cast<sqlite3_file*>(faulty + 1);
    std::memset(faulty->real, 0, static_cast<std::size_t>(usual()->szOsFile));
    if (file_faults().open_read_only) {
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    }
    const int code = usual()->xOpen(usual(), name, faulty->real, flags, out_flags);
    if (code == SQLITE_OK) faulty->base.pMethods = &faulty_methods;
    return code;
}

}  // namespace

FileFaults& file_faults() {
    static FileFaults faults;
    return faults;
}

std::string faulty_files_name() {
    static sqlite3_vfs faulty = [] {
        sqlite3_vfs made = *usual();
        made.pNext = nullptr;
        made.zName = "faulty";
        made.szOsFile += static_cast<int>(sizeof(FaultyFile));
        made.xOpen = open_file;
        return made;
    }();
    sqlite3_vfs_register(&faulty, 0);
    return faulty.zName;
}

}  // namespace safelight::sqlite
