#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "image/format.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

/// True when this build has an encoder that works. HEIC is never written: its codec is under patents.
[[nodiscard]] bool can_write(Format format);

/// Encodes in any format that can be written but JPEG. The file holds pixels and nothing else.
/// Errors: cancelled, renderer_failed.
[[nodiscard]] Result<std::vector<std::byte>> save_picture(const Pixels& pixels, Format format, int quality,
                                                          const StopCheck& stop);

}  // namespace safelight
