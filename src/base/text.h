// Small encodings of bytes and text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace safelight {

[[nodiscard]] std::string hex_encode(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<std::vector<std::byte>> hex_decode(std::string_view text);

/// RFC 4648, standard alphabet with padding.
[[nodiscard]] std::string base64_encode(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<std::vector<std::byte>> base64_decode(std::string_view text);

/// RFC 4648 section 5, URL-safe alphabet without padding.
[[nodiscard]] std::string base64url_encode(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<std::vector<std::byte>> base64url_decode(std::string_view text);

/// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

/// `text` with every malformed sequence replaced by U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);

}  // namespace safelight
