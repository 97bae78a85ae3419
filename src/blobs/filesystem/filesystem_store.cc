#include "blobs/filesystem/filesystem_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "base/ids.h"
#include "blobs/filesystem/file_source.h"
#include "blobs/filesystem/file_writer.h"
#include "blobs/filesystem/folder_tree.h"
#include "blobs/filesystem/layout.h"
#include "blobs/filesystem/posix_file.h"

namespace safelight {
namespace {

class FilesystemStore final : public BlobStore {
  public:
    FilesystemStore(posix::Descriptor root, const FilesystemConfig& config, const Clock& clock)
        : root_(std::move(root)),
          free_bytes_min_(config.free_bytes_min),
          is_disposable_(config.is_disposable),
          probe_ids_(clock) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override {
        if (is_disposable_) TRY(check_free_space());
        return start_file_writer(root_, key, durability());
    }

    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override { return open_file_source(root_, key); }

    Status remove(BlobKey key) override {
        TRY_ASSIGN(const posix::Descriptor folder, posix::open_folder(root_, layout::folder_of(key).c_str()));
        // The unfinished name first: a writer that renames meanwhile either fails, or has made the name that
        // goes next.
        TRY(posix::unlink_at(folder, layout::unfinished_name(key).c_str()));
        TRY(posix::unlink_at(folder, layout::blob_name(key).c_str()));
        if (is_disposable_) return {};
        // Also when there was nothing: who removed it before may have died before it was durable.
        return posix::sync(folder, layout::folder_of(key));
    }

    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override {
        return list_folder_tree(root_, visit, visit_foreign);
    }

    Status check() override {
        TRY(check_free_space());
        return probe(probe_ids_.next<BlobKey>());
    }

  private:
    [[nodiscard]] Durability durability() const {
        return is_disposable_ ? Durability::none : Durability::full;
    }

    [[nodiscard]] Status check_free_space() const {
        struct statvfs facts{};
        if (::fstatvfs(root_.get(), &facts) != 0)
            return posix::system_failure(errno, "statvfs", "the root folder");
        const std::uint64_t free_bytes = std::uint64_t{facts.f_bavail} * facts.f_frsize;
        const bool counts_files = facts.f_files > 0;
        if (free_bytes >= free_bytes_min_ && !(counts_files && facts.f_favail == 0)) return {};
        return failure(ErrorCode::storage_full, "The storage is nearly full.",
                       fmt::format("{} bytes and {} files are left, {} bytes have to be", free_bytes,
                                   facts.f_favail, free_bytes_min_));
    }

    /// Writes what looks like an unfinished blob: if the process dies here, it is found and removed like any
    /// other.
    [[nodiscard]] Status probe(BlobKey key) const {
        const std::string name = layout::unfinished_name(key);
        TRY_ASSIGN(const posix::Descriptor folder, posix::open_folder(root_, layout::folder_of(key).c_str()));
        const posix::Descriptor file =
            posix::open_at(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL, posix::file_mode);
        if (!file.is_open()) return posix::system_failure(errno, "create", name);
        constexpr std::array content{std::byte{'?'}};
        auto written = posix::write_all(file, content, name);
        if (written) written = posix::sync(file, name);
        auto removed = posix::unlink_at(folder, name.c_str());
        return written ? removed : written;
    }

    const posix::Descriptor root_;
    const std::uint64_t free_bytes_min_;
    const bool is_disposable_;
    IdGenerator probe_ids_;
};

}  // namespace

Status FilesystemConfig::validate() const {
    if (root.empty()) return invalid({{"root", "The folder for blobs has no name."}});
    return {};
}

Result<std::unique_ptr<BlobStore>> open_filesystem_store(const FilesystemConfig& config, const Clock& clock) {
    TRY(config.validate());
    TRY_ASSIGN(posix::Descriptor root, open_folder_tree(config.root));
    return std::make_unique<FilesystemStore>(std::move(root), config, clock);
}

}  // namespace safelight
