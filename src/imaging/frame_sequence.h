// Frames that come one after the other, so that no more than one of them has to be in memory.
#pragma once

#include <functional>

#include "base/result.h"
#include "imaging/animation_timing.h"
#include "imaging/pixels.h"

namespace safelight {

struct FrameSequence {
    /// The next frame, from the first on; asked for once for each delay of `timing`, by one thread at a time
    /// but not always the same. All frames have the same sides and channels.
    std::function<Result<Pixels>()> next;
    AnimationTiming timing;
};

}  // namespace safelight
