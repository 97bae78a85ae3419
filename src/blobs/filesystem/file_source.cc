#include "blobs/filesystem/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "blobs/filesystem/layout.h"

namespace safelight {
namespace {

class FileSource final : public ByteSource {
  public:
    FileSource(posix::Descriptor file, BlobKey key, std::uint64_t size_bytes)
        : file_(std::move(file)), key_(key), size_bytes_(size_bytes) {}

    [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        if (offset >= size_bytes_) return 0;
        out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_bytes_ - offset)));
        std::size_t filled = 0;
        while (filled < out.size()) {
            const ssize_t count = ::pread(file_.get(), out.data() + filled, out.size() - filled,
                                          static_cast<off_t>(offset + filled));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return posix::system_failure(errno, "read", layout::blob_name(key_));
            if (count == 0) {
                return failure(ErrorCode::corrupt_blob, "The stored content is damaged.",
                               key_.to_string() + " was cut short while it was read");
            }
            filled += static_cast<std::size_t>(count);
        }
        return filled;
    }

    [[nodiscard]] std::optional<int> descriptor() const override { return file_.get(); }

  private:
    const posix::Descriptor file_;
    const BlobKey key_;
    const std::uint64_t size_bytes_;
};

std::unexpected<Error> not_a_file(BlobKey key) {
    return failure(ErrorCode::corrupt_blob, "The stored content is damaged.",
                   key.to_string() + " is no plain file");
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file_source(const posix::Descriptor& root, BlobKey key) {
    TRY_ASSIGN(const posix::Descriptor folder, posix::open_folder(root, layout::folder_of(key).c_str()));
    const std::string name = layout::blob_name(key);
    // O_NONBLOCK: opening a pipe that somebody put there must not wait for its other end.
    posix::Descriptor file = posix::open_at(folder, name.c_str(), O_RDONLY | O_NONBLOCK);
    if (!file.is_open() && errno == ENOENT) return failure(ErrorCode::not_found, "No such blob.", name);
    if (!file.is_open() && errno == ELOOP) return not_a_file(key);
    if (!file.is_open()) return posix::system_failure(errno, "open", name);

    struct stat facts{};
    if (::fstat(file.get(), &facts) != 0) return posix::system_failure(errno, "stat", name);
    if (!S_ISREG(facts.st_mode)) return not_a_file(key);
    return std::make_unique<FileSource>(std::move(file), key, static_cast<std::uint64_t>(facts.st_size));
}

}  // namespace safelight
