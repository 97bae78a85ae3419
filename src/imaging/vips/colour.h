#pragma once

#include "imaging/vips/library.h"

namespace safelight {

/// To 8-bit sRGB, or grey with sRGB's curve, each with or without alpha (1 to 4 bands): by the embedded ICC
/// profile where there is one that fits, else by what the format means. CMYK without a profile is taken for
/// the usual inks. Error: invalid_image.
[[nodiscard]] Result<VipsPicture> to_srgb(VipsPicture picture);

}  // namespace safelight
