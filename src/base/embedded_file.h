// A file that is part of the program; made by safelight_embed() of cmake/Embed.cmake.
#pragma once

#include <span>
#include <string_view>

namespace safelight {

struct EmbeddedFile {
    std::string_view path;    // relative, with '/': "index.html", "scripts/upload.js"
    std::string_view bytes;   // as long as the program
    std::string_view sha256;  // of the bytes, in hex: good for an ETag
};

/// Null when there is none of that path. Few files: a walk is quick enough.
[[nodiscard]] inline const EmbeddedFile* find_embedded(std::span<const EmbeddedFile> files,
                                                       std::string_view path) {
    for (const EmbeddedFile& file : files) {
        if (file.path == path) return &file;
    }
    return nullptr;
}

}  // namespace safelight
