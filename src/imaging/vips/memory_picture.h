#pragma once

#include "imaging/raw_picture.h"
#include "imaging/vips/library.h"

namespace safelight {

/// The same picture for libvips, which keeps its bytes for as long as it is used. Error: renderer_failed.
[[nodiscard]] Result<VipsPicture> picture_in_memory(RawPicture raw);

}  // namespace safelight
