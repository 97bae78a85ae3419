#pragma once

#include "imaging/imaging.h"
#include "imaging/pixels.h"
#include "transform/hundredths.h"

namespace safelight {

/// What `sharpen` takes for detail: what a blur of this sigma takes away.
inline constexpr Hundredths sharpen_sigma{100};

/// Unsharp masking: v' = v + strength·(v − blurred v) of the encoded values, where the eye sees dark and
/// bright halos alike; the blur is that of blur.h. Alpha stays. Error: cancelled.
[[nodiscard]] Status sharpen(Pixels& pixels, Hundredths strength, const StopCheck& stop);

}  // namespace safelight
