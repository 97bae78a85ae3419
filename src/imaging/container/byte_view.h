// Untrusted bytes that can be looked at anywhere: what lies outside reads as 0, and no sum overflows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace safelight {

class ByteView {
  public:
    ByteView() = default;
    explicit ByteView(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

    /// True when `count` bytes from `at` on lie inside.
    [[nodiscard]] bool holds(std::uint64_t at, std::uint64_t count) const {
        return at <= bytes_.size() && count <= bytes_.size() - at;
    }

    /// `count` bytes from `at` on; nothing when they do not lie inside.
    [[nodiscard]] std::optional<ByteView> part(std::uint64_t at, std::uint64_t count) const {
        if (!holds(at, count)) return std::nullopt;
        return ByteView(bytes_.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(count)));
    }

    /// Everything from `at` on; empty past the end.
    [[nodiscard]] ByteView from(std::uint64_t at) const {
        return at >= bytes_.size() ? ByteView() : ByteView(bytes_.subspan(static_cast<std::size_t>(at)));
    }

    [[nodiscard]] std::uint8_t u8(std::uint64_t at) const {
        return at < bytes_.size() ? std::to_integer<std::uint8_t>(bytes_[static_cast<std::size_t>(at)])
                                  : std::uint8_t{0};
    }
    [[nodiscard]] std::uint16_t u16be(std::uint64_t at) const {
        return static_cast<std::uint16_t>(big(at, 2));
    }
    [[nodiscard]] std::uint16_t u16le(std::uint64_t at) const {
        return static_cast<std::uint16_t>(little(at, 2));
    }
    [[nodiscard]] std::uint32_t u24le(std::uint64_t at) const {
        return static_cast<std::uint32_t>(little(at, 3));
    }
    [[nodiscard]] std::uint32_t u32be(std::uint64_t at) const {
        return static_cast<std::uint32_t>(big(at, 4));
    }
    [[nodiscard]] std::uint32_t u32le(std::uint64_t at) const {
        return static_cast<std::uint32_t>(little(at, 4));
    }
    [[nodiscard]] std::uint64_t u64be(std::uint64_t at) const { return big(at, 8); }

    [[nodiscard]] bool has_text(std::uint64_t at, std::string_view text) const {
        return holds(at, text.size()) &&
               std::memcmp(bytes_.data() + static_cast<std::size_t>(at), text.data(), text.size()) == 0;
    }
    [[nodiscard]] std::string_view text() const {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }

  private:
    [[nodiscard]] std::uint64_t big(std::uint64_t at, unsigned count) const {
        std::uint64_t value = 0;
        if (!holds(at, count)) return 0;
        for (unsigned i = 0; i < count; ++i) value = value << 8 | u8(at + i);
        return value;
    }
    [[nodiscard]] std::uint64_t little(std::uint64_t at, unsigned count) const {
        std::uint64_t value = 0;
        if (!holds(at, count)) return 0;
        for (unsigned i = count; i > 0; --i) value = value << 8 | u8(at + i - 1);
        return value;
    }

    std::span<const std::byte> bytes_;
};

}  // namespace safelight
