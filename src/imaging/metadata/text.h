// Texts of metadata, which may hold anything.
#pragma once

#include <cstddef>
#include <string>

#include "imaging/container/byte_view.h"
#include "imaging/container/tiff_directory.h"

namespace safelight {

/// No text of metadata is longer; a longer one is left out.
inline constexpr std::size_t metadata_text_bytes_max = 2'000;

/// As UTF-8, up to the first NUL, without control characters and blanks around it. What is not UTF-8 is taken
/// for Latin-1. Empty when it would be longer than `bytes_max`.
[[nodiscard]] std::string text_of(ByteView bytes, std::size_t bytes_max = metadata_text_bytes_max);

/// The same of a field of type ASCII or UTF-8; empty for any other.
[[nodiscard]] std::string text_of(const TiffField& field, std::size_t bytes_max = metadata_text_bytes_max);

}  // namespace safelight
