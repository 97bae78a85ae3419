// Writes animated GIF with libvips, which finds a palette for each frame that needs one and leaves out what
// does not change from frame to frame.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "imaging/frame_sequence.h"
#include "imaging/imaging.h"
#include "imaging/vips/save.h"

namespace safelight {

/// All frames in one file, without metadata. The saver's own choices stay (full dithering, no difference
/// between frames passed over): on a photograph in motion, less of the one saves 1 % of the bytes and the
/// other 4 % at 0.2 dB. Of alpha there is only all or nothing. Of `options` the effort counts. Errors: what a
/// frame fails with, cancelled, renderer_failed.
[[nodiscard]] Result<std::vector<std::byte>> write_gif_animation(const FrameSequence& frames,
                                                                 const SaveOptions& options,
                                                                 const StopCheck& stop);

}  // namespace safelight
