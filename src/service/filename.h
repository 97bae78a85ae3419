// Names of files as clients may see them. Never part of a path on this machine.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "image/format.h"

namespace safelight {

inline constexpr std::size_t filename_bytes_max = 255;

/// What a client calls its file, made harmless: the last path component (of either slash), valid UTF-8, no
/// control characters and none that turn the direction of the text, at most filename_bytes_max bytes cut
/// between characters. When nothing is left: "upload.jpg".
[[nodiscard]] std::string clean_filename(std::string_view said, Format format);

/// "cat.jpeg", "thumbnail", webp → "cat-thumbnail.webp"; without an extension when the format is not known.
[[nodiscard]] std::string variant_filename(std::string_view original, std::string_view variant,
                                           std::optional<Format> format);

}  // namespace safelight
