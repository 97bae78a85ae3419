// Checksums that others choose to say what bytes are: against mistakes on the way, not against malice. By
// OpenSSL.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace safelight {

enum class ChecksumAlgorithm { md5, sha1, sha256 };

/// "md5", "sha1", "sha256"; empty for others.
[[nodiscard]] std::optional<ChecksumAlgorithm> checksum_algorithm_from_name(std::string_view name);

struct Checksum {
    ChecksumAlgorithm algorithm = ChecksumAlgorithm::sha256;
    std::vector<std::byte> value;

    bool operator==(const Checksum&) const = default;
};

/// How many bytes its values have.
[[nodiscard]] std::size_t size_of(ChecksumAlgorithm algorithm);

/// Feed it in pieces, then finish once. One thread at a time.
class ChecksumHasher {
  public:
    explicit ChecksumHasher(ChecksumAlgorithm algorithm);
    ~ChecksumHasher();
    ChecksumHasher(ChecksumHasher&&) noexcept;
    ChecksumHasher& operator=(ChecksumHasher&&) noexcept;

    void update(std::span<const std::byte> bytes);
    [[nodiscard]] Checksum finish();

  private:
    struct Free {
        void operator()(void* context) const;
    };
    ChecksumAlgorithm algorithm_;
    std::unique_ptr<void, Free> context_;
};

}  // namespace safelight
