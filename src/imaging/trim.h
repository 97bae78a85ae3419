#pragma once

#include <cstdint>

#include "image/facts.h"
#include "imaging/geometry.h"
#include "imaging/pixels.h"

namespace safelight {

/// What is left of a picture without its uniform border: whole rows and columns from each side whose every
/// sample, alpha among them, differs by `tolerance` at most from the pixel that is shown at the top left. Two
/// pixels that are both fully transparent do not differ. `stored` is the whole picture in its own resolution:
/// what is looked at smaller hides thin lines, and a cut must never take content away. The result is a part
/// of the displayed picture, in whole pixels; all of it when everything is border.
[[nodiscard]] Region trimmed(const Pixels& stored, Orientation orientation, std::uint8_t tolerance);

}  // namespace safelight
