// HMAC-SHA-256 (RFC 2104, FIPS 198-1), by OpenSSL.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/sha256.h"

namespace safelight {

[[nodiscard]] Sha256 hmac_sha256(std::span<const std::byte> key, std::string_view text);

/// Takes as long wherever they differ; how long they are is no secret.
[[nodiscard]] bool equal_in_constant_time(std::span<const std::byte> one, std::span<const std::byte> other);

}  // namespace safelight
