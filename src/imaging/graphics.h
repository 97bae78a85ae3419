// Drawings and screenshots, as opposed to photographs.
#pragma once

#include "imaging/pixels.h"

namespace safelight {

/// True when at least half of the pixels are exactly like the one to the left of them or above: flat areas
/// and sharp edges, which lossless coding takes down to little. Photographs have noise. Only a hint of which
/// encoders are worth trying. A picture of one pixel is none.
[[nodiscard]] bool looks_like_graphics(const Pixels& pixels);

}  // namespace safelight
