#pragma once

#include "image/facts.h"
#include "imaging/pixels.h"

namespace safelight {

/// Turns stored pixels upright.
[[nodiscard]] Pixels orient(Pixels pixels, Orientation orientation);

}  // namespace safelight
