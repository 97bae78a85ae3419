#pragma once

#include "image/format.h"
#include "imaging/pixels.h"
#include "imaging/vips/library.h"
#include "transform/transform.h"

namespace safelight {

/// For a picture whose file says what its colours are by number. In a PNG that counts for more than a profile
/// (PNG, third edition, 4.3), in others for less.
void assume_gamut(VipsImage* picture, Gamut gamut, Format format);

/// What the picture's colours are brought to: Display P3 when that was asked for and its RGB profile shows
/// more than sRGB, else sRGB.
[[nodiscard]] Gamut gamut_for(VipsImage* picture, Icc icc);

/// To 8-bit RGB of the gamut, or grey with sRGB's curve, each with or without alpha (1 to 4 bands): by the
/// embedded ICC profile where there is one that fits, else by what the format means. CMYK without a profile
/// is taken for the usual inks. Error: invalid_image.
[[nodiscard]] Result<VipsPicture> to_gamut(VipsPicture picture, Gamut gamut);

}  // namespace safelight
