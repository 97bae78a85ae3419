// SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace safelight {

struct Sha256 {
    std::array<std::byte, 32> bytes{};

    auto operator<=>(const Sha256&) const = default;
    /// 64 lower-case hexadecimal digits.
    [[nodiscard]] std::string to_hex() const;
    [[nodiscard]] static std::optional<Sha256> from_hex(std::string_view text);
};

/// Feed it in pieces, then finish once. One thread at a time.
class Sha256Hasher {
  public:
    Sha256Hasher();
    ~Sha256Hasher();
    Sha256Hasher(Sha256Hasher&&) noexcept;
    Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

    void update(std::span<const std::byte> bytes);
    [[nodiscard]] Sha256 finish();

  private:
    struct Free {
        void operator()(void* context) const;
    };
    std::unique_ptr<void, Free> context_;
};

[[nodiscard]] Sha256 sha256_of(std::span<const std::byte> bytes);

}  // namespace safelight
