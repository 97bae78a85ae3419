// Text that only who knows the key can read, or change unnoticed: AES-256-GCM, by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace safelight {

/// Bytes, longer than `text` by 28. The same text is sealed differently each time.
[[nodiscard]] std::string seal(const Sha256& key, std::string_view text);

/// Empty when it was sealed by another key, or was changed.
[[nodiscard]] std::optional<std::string> unseal(const Sha256& key, std::string_view sealed);

}  // namespace safelight
