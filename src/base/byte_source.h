// Bytes that can be read at any offset: a stored blob, a file, a buffer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace safelight {

/// Reading may block on disk or network: never call from an I/O thread. One thread at a time.
class ByteSource {
  public:
    virtual ~ByteSource() = default;

    [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;

    /// Fills `out` from `offset`; returns how many bytes were read, less than asked for only at the end.
    /// Errors: unavailable, corrupt_blob (fewer bytes are there than size_bytes says), not_found (removed
    /// meanwhile).
    [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

    /// The open file behind it, when there is one that holds exactly these bytes. Stays the source's own.
    [[nodiscard]] virtual std::optional<int> descriptor() const { return std::nullopt; }
};

/// Reads from memory that the caller keeps alive.
class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] std::uint64_t size_bytes() const override { return bytes_.size(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        if (offset >= bytes_.size()) return 0;
        const auto part = bytes_.subspan(static_cast<std::size_t>(offset));
        const std::size_t count = std::min(part.size(), out.size());
        std::copy_n(part.begin(), count, out.begin());
        return count;
    }

  private:
    std::span<const std::byte> bytes_;
};

/// Everything in one buffer. Error payload_too_large when there is more than `max_bytes`.
[[nodiscard]] Result<std::vector<std::byte>> read_all(ByteSource& source, std::uint64_t max_bytes);

}  // namespace safelight
