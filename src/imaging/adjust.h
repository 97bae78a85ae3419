// Colour, pixel by pixel. Alpha stays as it is.
#pragma once

#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// One grey channel of the same luminance: Y = 0.2126 R + 0.7152 G + 0.0722 B of linear light (IEC 61966-2-1,
/// ITU-R BT.709), encoded with the curve of sRGB.
[[nodiscard]] Pixels greyscale(Pixels pixels);

/// Saturation s, brightness b and contrast c in this order, by the formulas of W3C Filter Effects Module
/// Level 1 for encoded sRGB values in 0…1:
///     saturate(s)    v' = s·v + (1 − s)·(0.213 R + 0.715 G + 0.072 B)
///     brightness(b)  v' = b·v
///     contrast(c)    v' = c·(v − 0.5) + 0.5
/// Unlike there, values are rounded and cut to the range once, at the end: what one step drives out of the
/// range the next can bring back.
[[nodiscard]] Pixels adjust(Pixels pixels, Hundredths saturation, Hundredths brightness, Hundredths contrast);

}  // namespace safelight
