// The few colours that a small picture is made of.
//
// Pixels are gathered in a histogram of 16 steps for each channel of sRGB, each bin with the mean of its
// linear light; alpha weighs. The bins are divided into at most palette_max groups by k-means in Oklab. Its
// seeds are not random: the heaviest bin, then each time the one whose weight times its squared distance to
// the nearest seed is largest. Groups whose colours can hardly be told apart become one; those that take up
// less than a hundredth are left out.
#pragma once

#include <vector>

#include "image/colour.h"
#include "imaging/pixels.h"

namespace safelight {

/// 1–palette_max colours, the one that takes up most of the picture first. `pixels` are RGB or RGBA. White
/// when all of the picture is transparent.
[[nodiscard]] std::vector<Colour> palette_of(const Pixels& pixels);

}  // namespace safelight
