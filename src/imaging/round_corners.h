#pragma once

#include <cstdint>

#include "imaging/pixels.h"

namespace safelight {

/// Takes away what lies outside of quarter circles in the four corners: alpha is multiplied by the share of
/// the pixel that is inside, counted on a grid of 16 × 16 points; the picture gets an alpha channel for it.
/// At most half of the shorter side counts of `radius_px`, so that a square can become a disc. 0 changes
/// nothing.
[[nodiscard]] Pixels round_corners(Pixels pixels, std::uint32_t radius_px);

}  // namespace safelight
