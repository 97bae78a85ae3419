#pragma once

#include "imaging/pixels.h"

namespace safelight {

/// Lays the picture on white and drops its alpha; a picture without alpha stays as it is.
[[nodiscard]] Pixels flatten(Pixels pixels);

}  // namespace safelight
