// Opacity as a channel of its own.
#pragma once

#include "imaging/pixels.h"

namespace safelight {

/// The same picture with an alpha channel, opaque where it had none.
[[nodiscard]] Pixels with_alpha(Pixels pixels);

}  // namespace safelight
