// The words of the protocol for resumable uploads, tus 1.0 (https://tus.io/protocols/resumable-upload): what
// its header fields say.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/result.h"
#include "http/message.h"

namespace safelight::tus {

inline constexpr std::string_view version = "1.0.0";
inline constexpr std::string_view extensions =
    "creation,creation-with-upload,expiration,checksum,termination";
inline constexpr std::string_view checksum_algorithms = "sha1,md5,sha256";
inline constexpr std::string_view content_type = "application/offset+octet-stream";

/// In their order; names do not repeat.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Upload-Metadata: "name base64,name base64,name", names of visible ASCII. Errors: invalid_argument.
[[nodiscard]] Result<Metadata> parse_metadata(std::string_view field);

/// Upload-Checksum: "sha1 base64". Errors: invalid_argument.
[[nodiscard]] Result<Checksum> parse_checksum(std::string_view field);

/// A number of bytes, as in Upload-Length and Upload-Offset: digits alone. Empty for anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view field);

/// Whether the request says that it follows this version; or, where it `may_be_silent`, says nothing.
[[nodiscard]] bool is_spoken(const http::Request& request, bool may_be_silent = false);

}  // namespace safelight::tus
