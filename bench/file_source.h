// A file as a picture's source, with its descriptor, as a blob in a folder is one.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/byte_source.h"
#include "base/descriptor.h"

namespace safelight {

/// Ends the program when the file cannot be read.
class FileSource final : public ByteSource {
  public:
    explicit FileSource(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        struct stat facts{};
        if (!file_.is_open() || ::fstat(file_.get(), &facts) != 0) {
            fmt::print(stderr, "{} cannot be read.\n", path);
            std::exit(1);
        }
        size_bytes_ = static_cast<std::uint64_t>(facts.st_size);
    }

    std::uint64_t size_bytes() const override { return size_bytes_; }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const ssize_t count = ::pread(file_.get(), out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0) return failure(ErrorCode::unavailable, "The file cannot be read.");
        return static_cast<std::size_t>(count);
    }
    std::optional<int> descriptor() const override { return file_.get(); }

  private:
    Descriptor file_;
    std::uint64_t size_bytes_ = 0;
};

}  // namespace safelight
