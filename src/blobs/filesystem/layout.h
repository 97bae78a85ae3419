// Which name a key has in the folder, and which key a name stands for. The one place where paths are made,
// and they are made of keys alone.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace safelight::layout {

inline constexpr std::size_t folders = 256;
inline constexpr std::string_view unfinished_suffix = ".part";

/// "00" … "ff".
[[nodiscard]] std::string folder_name(std::size_t index);

/// The folder of a key: its last two digits. Those are random in a version-7 UUID, unlike the first ones,
/// which are the time and would fill one folder after the other.
[[nodiscard]] std::string folder_of(BlobKey key);
[[nodiscard]] std::string blob_name(BlobKey key);
[[nodiscard]] std::string unfinished_name(BlobKey key);

struct Entry {
    BlobKey key;
    bool unfinished = false;

    bool operator==(const Entry&) const = default;
};

/// Empty for a name that this store does not give, or that stands in the wrong folder.
[[nodiscard]] std::optional<Entry> parse(std::string_view folder, std::string_view name);

}  // namespace safelight::layout
