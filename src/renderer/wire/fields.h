// Numbers and texts in a message: little-endian, texts with their length before them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace safelight::wire {

class FieldWriter {
  public:
    /// Room for what will be written, where that is known to be much.
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
    void number(std::uint64_t value);
    void text(std::string_view value);
    void bytes(std::span<const std::byte> value);
    [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

/// After the first field that is not there, or out of range, every further one is 0 or empty, and `ok` is
/// false.
class FieldReader {
  public:
    explicit FieldReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    /// A number of at most `most`.
    [[nodiscard]] std::uint64_t number(std::uint64_t most);
    [[nodiscard]] std::uint32_t number32(std::uint32_t most = 0xffff'ffffU) {
        return static_cast<std::uint32_t>(number(most));
    }
    [[nodiscard]] std::string text(std::size_t bytes_max);
    /// They stay where they are.
    [[nodiscard]] std::span<const std::byte> bytes(std::size_t bytes_max);

    /// True when nothing was wrong.
    [[nodiscard]] bool ok() const { return ok_; }
    /// True when also nothing is left.
    [[nodiscard]] bool ended_well() const { return ok_ && bytes_.empty(); }
    void fail() { ok_ = false; }

  private:
    std::span<const std::byte> bytes_;
    bool ok_ = true;
};

}  // namespace safelight::wire
