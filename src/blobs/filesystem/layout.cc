#include "blobs/filesystem/layout.h"

#include <fmt/format.h>

namespace safelight::layout {

std::string folder_name(std::size_t index) {
    return fmt::format("{:02x}", index);
}

std::string folder_of(BlobKey key) {
    return folder_name(key.uuid.bytes.back());
}

std::string blob_name(BlobKey key) {
    return key.to_string();
}

std::string unfinished_name(BlobKey key) {
    return key.to_string() + std::string(unfinished_suffix);
}

std::optional<Entry> parse(std::string_view folder, std::string_view name) {
    Entry entry;
    std::string_view key_text = name;
    if (key_text.ends_with(unfinished_suffix)) {
        entry.unfinished = true;
        key_text.remove_suffix(unfinished_suffix.size());
    }
    const auto key = BlobKey::parse(key_text);
    // Comparing with the text that we would write keeps out upper case, which parses as well.
    if (!key || key->to_string() != key_text || folder_of(*key) != folder) return std::nullopt;
    entry.key = *key;
    return entry;
}

}  // namespace safelight::layout
