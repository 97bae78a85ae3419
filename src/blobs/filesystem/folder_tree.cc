#include "blobs/filesystem/folder_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "blobs/filesystem/layout.h"

namespace safelight {
namespace {

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};
using FolderReader = std::unique_ptr<DIR, CloseFolder>;

/// Without O_NOFOLLOW: where the root lies, and by which links one gets there, is the operator's business.
posix::Descriptor open_path(const std::filesystem::path& path) {
    return posix::Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Status make_root(const std::filesystem::path& root_path) {
    std::filesystem::path path;
    for (const auto& part : root_path) {
        const std::filesystem::path parent = path;
        path /= part;
        if (::mkdir(path.c_str(), posix::folder_mode) != 0) {
            if (errno == EEXIST) continue;
            return posix::system_failure(errno, "make folder", path.native());
        }
        const posix::Descriptor folder = open_path(parent.empty() ? "." : parent);
        if (!folder.is_open()) return posix::system_failure(errno, "open folder", parent.native());
        TRY(posix::sync(folder, parent.native()));
    }
    return {};
}

Status make_fan_out(const posix::Descriptor& root) {
    for (std::size_t i = 0; i < layout::folders; ++i) {
        const std::string name = layout::folder_name(i);
        if (::mkdirat(root.get(), name.c_str(), posix::folder_mode) != 0 && errno != EEXIST) {
            return posix::system_failure(errno, "make folder", name);
        }
        // Also refuses a file or a link of that name.
        TRY_ASSIGN(const posix::Descriptor folder, posix::open_folder(root, name.c_str()));
    }
    // Also when all were there: whoever made them may have died before this line.
    return posix::sync(root, "the root folder");
}

/// Calls `visit` with each name but "." and "..".
Status for_each_name(const posix::Descriptor& parent, const char* folder_name,
                     const std::function<Status(int folder, std::string_view name)>& visit) {
    posix::Descriptor folder = posix::open_at(parent, folder_name, O_RDONLY | O_DIRECTORY);
    if (!folder.is_open()) return posix::system_failure(errno, "open folder", folder_name);
    const FolderReader reader(::fdopendir(folder.get()));
    if (!reader) return posix::system_failure(errno, "read folder", folder_name);
    const int number = folder.release();
    for (;;) {
        errno = 0;
        const dirent* const entry = ::readdir(reader.get());
        if (entry == nullptr && errno != 0) return posix::system_failure(errno, "read folder", folder_name);
        if (entry == nullptr) return {};
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") TRY(visit(number, name));
    }
}

Timestamp modification_time(const struct stat& facts) {
    using namespace std::chrono;
    const auto since_epoch = seconds{facts.st_mtim.tv_sec} + nanoseconds{facts.st_mtim.tv_nsec};
    return Timestamp{floor<milliseconds>(since_epoch)};
}

Status list_folder(const posix::Descriptor& root, const std::string& folder_name,
                   const std::function<Status(const BlobEntry&)>& visit,
                   const std::function<void(const std::string&)>& visit_foreign) {
    return for_each_name(root, folder_name.c_str(), [&](int folder, std::string_view name) -> Status {
        const std::string file_name(name);
        struct stat facts{};
        if (::fstatat(folder, file_name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT) return {};  // gone meanwhile
            return posix::system_failure(errno, "stat", file_name);
        }
        const auto entry = layout::parse(folder_name, name);
        if (!entry || !S_ISREG(facts.st_mode)) {
            visit_foreign(folder_name + "/" + file_name);
            return {};
        }
        return visit({entry->key, static_cast<std::uint64_t>(facts.st_size), modification_time(facts),
                      entry->unfinished});
    });
}

}  // namespace

Result<posix::Descriptor> open_folder_tree(const std::filesystem::path& root_path) {
    TRY(make_root(root_path));
    posix::Descriptor root = open_path(root_path);
    if (!root.is_open()) return posix::system_failure(errno, "open folder", root_path.native());
    TRY(make_fan_out(root));
    return root;
}

Status list_folder_tree(const posix::Descriptor& root, const std::function<Status(const BlobEntry&)>& visit,
                        const std::function<void(const std::string&)>& visit_foreign) {
    std::set<std::string, std::less<>> ours;
    for (std::size_t i = 0; i < layout::folders; ++i) ours.insert(layout::folder_name(i));
    TRY(for_each_name(root, ".", [&](int, std::string_view name) -> Status {
        if (!ours.contains(name)) visit_foreign(std::string(name));
        return {};
    }));
    for (const std::string& folder_name : ours) TRY(list_folder(root, folder_name, visit, visit_foreign));
    return {};
}

}  // namespace safelight
