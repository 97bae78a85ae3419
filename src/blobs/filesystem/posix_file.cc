#include "blobs/filesystem/posix_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace safelight::posix {
namespace {

template <class Call>
auto repeat_when_interrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

/// For file systems without RENAME_NOREPLACE: a hard link never replaces either. A process that dies between
/// the two calls leaves a complete blob with a second name, which counts as an unfinished write and is
/// removed with the key.
int link_then_unlink(int folder, const char* from, const char* to) {
    if (::linkat(folder, from, folder, to, 0) != 0) return -1;
    if (::unlinkat(folder, from, 0) == 0 || errno == ENOENT) return 0;
    const int reason = errno;
    ::unlinkat(folder, to, 0);
    errno = reason;
    return -1;
}

}  // namespace

std::unexpected<Error> system_failure(int error_number, std::string_view call, std::string_view name) {
    std::string log_text =
        fmt::format("{} {}: {}", call, name, std::generic_category().message(error_number));
    if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
        return failure(ErrorCode::storage_full, "The storage is full.", std::move(log_text));
    }
    return failure(ErrorCode::unavailable, "The storage is not available.", std::move(log_text));
}

Descriptor open_at(const Descriptor& folder, const char* name, int flags, unsigned mode) {
    return Descriptor(repeat_when_interrupted(
        [&] { return ::openat(folder.get(), name, flags | O_CLOEXEC | O_NOFOLLOW, mode); }));
}

Result<Descriptor> open_folder(const Descriptor& parent, const char* name) {
    Descriptor folder = open_at(parent, name, O_RDONLY | O_DIRECTORY);
    if (!folder.is_open()) return system_failure(errno, "open folder", name);
    return folder;
}

Status write_all(const Descriptor& file, std::span<const std::byte> bytes, std::string_view name) {
    while (!bytes.empty()) {
        const ssize_t written =
            repeat_when_interrupted([&] { return ::write(file.get(), bytes.data(), bytes.size()); });
        if (written < 0) return system_failure(errno, "write", name);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Status sync(const Descriptor& file_or_folder, std::string_view name) {
    // An interrupted fsync reported no lost pages: it alone may be repeated.
    if (repeat_when_interrupted([&] { return ::fsync(file_or_folder.get()); }) != 0) {
        return system_failure(errno, "fsync", name);
    }
    return {};
}

Status unlink_at(const Descriptor& folder, const char* name) {
    if (::unlinkat(folder.get(), name, 0) != 0 && errno != ENOENT)
        return system_failure(errno, "unlink", name);
    return {};
}

void try_unlink_at(const Descriptor& folder, const char* name) {
    ::unlinkat(folder.get(), name, 0);
}

Status rename_new(const Descriptor& folder, const char* from, const char* to) {
    int result = ::renameat2(folder.get(), from, folder.get(), to, RENAME_NOREPLACE);
    if (result != 0 && (errno == EINVAL || errno == ENOSYS))
        result = link_then_unlink(folder.get(), from, to);
    if (result == 0) return {};
    if (errno == EEXIST) return failure(ErrorCode::conflict, "The blob exists already.", to);
    if (errno == ENOENT) return failure(ErrorCode::cancelled, "The write was called off.", from);
    return system_failure(errno, "rename", from);
}

}  // namespace safelight::posix
