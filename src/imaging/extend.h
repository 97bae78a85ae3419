#pragma once

#include "imaging/geometry.h"
#include "imaging/pixels.h"

namespace safelight {

/// Lays the picture on `canvas`, which holds it. The rest is white; where the picture has alpha it is
/// transparent as well.
[[nodiscard]] Pixels extend(Pixels pixels, const Canvas& canvas);

}  // namespace safelight
