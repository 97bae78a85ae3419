// The checksum that S3 wants with a batch of deletions, and with nothing else.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace safelight::s3 {

/// The value of a Content-MD5 header. Empty where the cryptographic library lacks MD5, as FIPS has it.
[[nodiscard]] std::optional<std::string> content_md5(std::span<const std::byte> body);

}  // namespace safelight::s3
