#pragma once

#include "image/colour.h"
#include "imaging/geometry.h"
#include "imaging/pixels.h"

namespace safelight {

/// Lays the picture on `canvas`, which holds it. The rest is `colour`; where the picture has alpha it is
/// transparent as well. Grey becomes RGB when the colour is no grey.
[[nodiscard]] Pixels extend(Pixels pixels, const Canvas& canvas, Colour colour);

}  // namespace safelight
