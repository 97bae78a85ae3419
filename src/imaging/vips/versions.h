#pragma once

#include <string>
#include <vector>

namespace safelight {

/// libvips and the libraries that it decodes and encodes with, as loaded in this process.
[[nodiscard]] std::vector<std::string> vips_versions();

/// What libheif calls the compressions inside AVIF and HEIC.
enum class HeifCompression { hevc = 1, av1 = 4 };

/// False also when that cannot be told.
[[nodiscard]] bool has_heif_decoder(HeifCompression compression);

}  // namespace safelight
