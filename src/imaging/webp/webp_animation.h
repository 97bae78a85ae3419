// Writes animated WebP with libwebp itself: libvips changes delays of up to 10 ms.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "imaging/frame_sequence.h"
#include "imaging/imaging.h"
#include "imaging/vips/save.h"

namespace safelight {

/// All frames in one file, without metadata. A frame that repeats the one before it becomes a longer one.
/// Errors: what a frame fails with, cancelled (asked between frames), renderer_failed.
[[nodiscard]] Result<std::vector<std::byte>> write_webp_animation(const FrameSequence& frames,
                                                                  const SaveOptions& options,
                                                                  const StopCheck& stop);

}  // namespace safelight
