#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace safelight {

/// The same picture without EXIF, XMP and colour profile; the extended header goes too when nothing needs it
/// any more. `file` is what an encoder of ours wrote; anything that is no WebP comes back as it is.
[[nodiscard]] std::vector<std::byte> without_webp_metadata(std::span<const std::byte> file);

}  // namespace safelight
