// What makes two requests the same: a hash over texts of which each one's end is known, and the body's hash.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace safelight {

class Fingerprint {
  public:
    void add(std::string_view text) {
        put(fmt::format("{}:", text.size()));
        put(text);
    }
    /// A text that is not there differs from an empty one.
    void add(const std::optional<std::string>& text) {
        if (text) {
            add(std::string_view(*text));
        } else {
            put("-");
        }
    }
    [[nodiscard]] Sha256 finish(const Sha256& body) {
        hasher_.update(body.bytes);
        return hasher_.finish();
    }

  private:
    void put(std::string_view text) { hasher_.update(std::as_bytes(std::span(text))); }

    Sha256Hasher hasher_;
};

}  // namespace safelight
