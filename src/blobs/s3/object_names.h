// Which object a key is. The one place where names are made, and they are made of the prefix and of keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace safelight::s3 {

class ObjectNames {
  public:
    explicit ObjectNames(const std::string& prefix) : begin_(prefix.empty() ? "" : prefix + "/") {}

    /// What all names begin with: empty, or the prefix with a slash.
    [[nodiscard]] const std::string& begin() const { return begin_; }
    [[nodiscard]] std::string name_of(BlobKey key) const { return begin_ + key.to_string(); }
    /// What `check` writes, and leaves there: no blob's name, and nobody else's.
    [[nodiscard]] std::string check_name() const { return begin_ + "safelight-check"; }
    /// The name without the prefix.
    [[nodiscard]] std::string short_name(std::string_view name) const {
        return std::string(name.starts_with(begin_) ? name.substr(begin_.size()) : name);
    }
    /// Empty for a name that this store does not give.
    [[nodiscard]] std::optional<BlobKey> parse(std::string_view name) const {
        const auto key = BlobKey::parse(short_name(name));
        if (!key || name_of(*key) != name) return std::nullopt;
        return key;
    }

  private:
    std::string begin_;
};

}  // namespace safelight::s3
