// API keys as people see them: "sl_live_" and 46 letters and digits, the last six of which are a checksum, so
// that a key which was copied badly is told from one that nobody knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace safelight {

struct NewApiKeyText {
    std::string text;  // to be shown once, and kept nowhere
    Sha256 hash;       // what the catalog keeps
};

/// A new one, of 238 random bits.
[[nodiscard]] NewApiKeyText make_api_key_text();

/// By its beginning; says nothing of the rest.
[[nodiscard]] bool looks_like_api_key(std::string_view text);

/// Empty for a text that cannot be a key.
[[nodiscard]] std::optional<Sha256> hash_of_api_key(std::string_view text);

}  // namespace safelight
