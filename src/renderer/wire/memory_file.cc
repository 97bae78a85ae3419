#include "renderer/wire/memory_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace safelight::wire {
namespace {

constexpr std::size_t piece_bytes = 256 * 1'024;

std::string log_text_of(std::string_view call) {
    return fmt::format("{}: {}", call, std::generic_category().message(errno));
}

std::unexpected<Error> failed(std::string log_text) {
    return failure(ErrorCode::renderer_failed, "The picture could not be processed.", std::move(log_text));
}

}  // namespace

Result<Descriptor> make_memory_file() {
    Descriptor file(::memfd_create("safelight", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.is_open()) {
        return failure(ErrorCode::unavailable, "The picture could not be processed.",
                       log_text_of("memfd_create"));
    }
    return file;
}

Result<Descriptor> make_sealed_copy(ByteSource& source) {
    TRY_ASSIGN(Descriptor file, make_memory_file());
    std::vector<std::byte> piece(
        static_cast<std::size_t>(std::min<std::uint64_t>(source.size_bytes(), piece_bytes)));
    for (std::uint64_t offset = 0; offset < source.size_bytes();) {
        TRY_ASSIGN(const std::size_t count, source.read_at(offset, piece));
        if (count == 0)
            return failure(ErrorCode::corrupt_blob, "The stored bytes are damaged.",
                           "a source that ends early");
        TRY(write_exactly(file, std::span(piece).first(count)));
        offset += count;
    }
    TRY(seal(file));
    return file;
}

Status seal(const Descriptor& file) {
    if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return failed(log_text_of("sealing"));
    return {};
}

Result<std::uint64_t> size_of(const Descriptor& file) {
    struct stat facts{};
    if (::fstat(file.get(), &facts) != 0) return failed(log_text_of("fstat"));
    return static_cast<std::uint64_t>(facts.st_size);
}

Status read_exactly(const Descriptor& file, std::uint64_t offset, std::span<std::byte> out) {
    while (!out.empty()) {
        const ssize_t count = ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(log_text_of("pread"));
        if (count == 0) return failed("a file that ends early");
        offset += static_cast<std::uint64_t>(count);
        out = out.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Status write_exactly(const Descriptor& file, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return failed(log_text_of("write"));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<MappedFile> MappedFile::map(const Descriptor& file, std::uint64_t size_bytes) {
    if (size_bytes == 0) return MappedFile(std::span<std::byte>());
    // All of it is going to be read: one call instead of a fault for every few pages.
    void* const address = ::mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
    if (address == MAP_FAILED) return failed(log_text_of("mmap"));
    return MappedFile(std::span(static_cast<std::byte*>(address), size_bytes));
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace safelight::wire
