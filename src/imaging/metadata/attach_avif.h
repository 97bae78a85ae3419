#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "imaging/metadata/attach.h"

namespace safelight {

/// attach() for AVIF: EXIF as an item that describes the primary one (ISO/IEC 23008-12, annex A), the profile
/// as one of its properties. Nothing when the file has another structure than libheif writes.
[[nodiscard]] std::optional<std::vector<std::byte>> attach_to_avif(std::span<const std::byte> file,
                                                                   const Attachments& attachments);

}  // namespace safelight
