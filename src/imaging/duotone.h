#pragma once

#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// Each pixel's grey, as greyscale() has it, chooses between the two colours: v' = dark + (light −
/// dark)·grey, in encoded sRGB values, so that black and white give just what greyscale() gives, and steps of
/// grey stay as even as they were. Alpha stays. The result is RGB.
[[nodiscard]] Pixels duotone(Pixels pixels, const Duotone& colours);

}  // namespace safelight
