#include "blobs/filesystem/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "blobs/filesystem/layout.h"

namespace safelight {
namespace {

/// Goes straight to write(): the page cache is the buffer. Holds one descriptor while it is written, so that
/// many slow uploads do not use up the process's.
class FileWriter final : public BlobWriter {
  public:
    FileWriter(const posix::Descriptor& root, BlobKey key, posix::Descriptor file, Durability durability)
        : root_(root), key_(key), file_(std::move(file)), durability_(durability) {}

    ~FileWriter() override {
        if (!committed_) discard();
    }

    Status write(std::span<const std::byte> bytes) override {
        TRY(check_usable());
        auto status = posix::write_all(file_, bytes, layout::unfinished_name(key_));
        usable_ = status.has_value();
        if (!usable_) return status;
        hasher_.update(bytes);
        size_bytes_ += bytes.size();
        return {};
    }

    Result<BlobInfo> commit() override {
        TRY(check_usable());
        usable_ = false;
        TRY(check_length());
        // Opened first: when there is no descriptor left for it, that shows before anything is visible.
        TRY_ASSIGN(const posix::Descriptor folder,
                   posix::open_folder(root_, layout::folder_of(key_).c_str()));
        TRY(sync(file_, layout::unfinished_name(key_)));
        file_.close();
        TRY(publish(folder));
        committed_ = true;
        return BlobInfo{size_bytes_, hasher_.finish()};
    }

  private:
    /// A bug in the caller; but one that would give a blob with a hole its name.
    [[nodiscard]] Status check_usable() const {
        if (usable_) return {};
        return failure(ErrorCode::internal, "Something went wrong.", "a blob writer was used after its end");
    }

    [[nodiscard]] Status check_length() const {
        struct stat facts{};
        const std::string name = layout::unfinished_name(key_);
        if (::fstat(file_.get(), &facts) != 0) return posix::system_failure(errno, "stat", name);
        if (static_cast<std::uint64_t>(facts.st_size) == size_bytes_) return {};
        return failure(ErrorCode::unavailable, "The storage is not available.",
                       fmt::format("{}: {} bytes written, {} in the file", name, size_bytes_, facts.st_size));
    }

    /// The file gets its final name, durably; or, when that fails, none.
    [[nodiscard]] Status publish(const posix::Descriptor& folder) {
        const std::string final_name = layout::blob_name(key_);
        TRY(posix::rename_new(folder, layout::unfinished_name(key_).c_str(), final_name.c_str()));
        if (auto status = sync(folder, layout::folder_of(key_)); !status) {
            posix::try_unlink_at(folder, final_name.c_str());
            return status;
        }
        return {};
    }

    [[nodiscard]] Status sync(const posix::Descriptor& file_or_folder, std::string_view name) const {
        return durability_ == Durability::full ? posix::sync(file_or_folder, name) : Status();
    }

    /// Not synced: an unfinished write that the loss of power brings back is found by the key or by `list`.
    void discard() {
        file_.close();
        const std::string path = layout::folder_of(key_) + "/" + layout::unfinished_name(key_);
        posix::try_unlink_at(root_, path.c_str());
    }

    const posix::Descriptor& root_;
    const BlobKey key_;
    posix::Descriptor file_;
    const Durability durability_;
    Sha256Hasher hasher_;
    std::uint64_t size_bytes_ = 0;
    bool usable_ = true;
    bool committed_ = false;
};

}  // namespace

Result<std::unique_ptr<BlobWriter>> start_file_writer(const posix::Descriptor& root, BlobKey key,
                                                      Durability durability) {
    TRY_ASSIGN(const posix::Descriptor folder, posix::open_folder(root, layout::folder_of(key).c_str()));
    const auto taken = [&] {
        return failure(ErrorCode::conflict, "The blob exists already.", key.to_string());
    };
    struct stat facts{};
    if (::fstatat(folder.get(), layout::blob_name(key).c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
        return taken();
    if (errno != ENOENT) return posix::system_failure(errno, "stat", layout::blob_name(key));

    const std::string name = layout::unfinished_name(key);
    posix::Descriptor file =
        posix::open_at(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL, posix::file_mode);
    if (!file.is_open() && errno == EEXIST) return taken();
    if (!file.is_open()) return posix::system_failure(errno, "create", name);
    return std::make_unique<FileWriter>(root, key, std::move(file), durability);
}

}  // namespace safelight
