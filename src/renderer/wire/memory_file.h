// Files in memory, by which pictures go from one process to the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/byte_source.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace safelight::wire {

/// Empty. Error: unavailable.
[[nodiscard]] Result<Descriptor> make_memory_file();

/// One that holds what `source` holds and can never change. Errors: unavailable, and what the source returns.
/// Blocks.
[[nodiscard]] Result<Descriptor> make_sealed_copy(ByteSource& source);

/// Nobody changes the file from here on. Error: renderer_failed, when somebody holds it mapped for writing.
[[nodiscard]] Status seal(const Descriptor& file);

/// Bytes of the size of a file, all of which have to be there. Error: renderer_failed.
[[nodiscard]] Result<std::uint64_t> size_of(const Descriptor& file);

/// Reads `out.size()` bytes from `offset`. Error: renderer_failed, when they are not there.
[[nodiscard]] Status read_exactly(const Descriptor& file, std::uint64_t offset, std::span<std::byte> out);

/// Appends. Error: renderer_failed.
[[nodiscard]] Status write_exactly(const Descriptor& file, std::span<const std::byte> bytes);

/// The first `size_bytes` of a file, mapped for reading. When the file is shorter, reading beyond its end
/// raises SIGBUS: only for files that cannot shrink, or in a process that may die of it.
class MappedFile {
  public:
    /// Error: renderer_failed.
    [[nodiscard]] static Result<MappedFile> map(const Descriptor& file, std::uint64_t size_bytes);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&&) = delete;
    ~MappedFile();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  private:
    explicit MappedFile(std::span<std::byte> bytes) : bytes_(bytes) {}

    std::span<std::byte> bytes_;
};

}  // namespace safelight::wire
