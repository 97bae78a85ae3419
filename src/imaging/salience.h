// Where a window on a picture shows what matters, found on a small version of the picture.
//
// `view` is that small version; `width` and `height` are the window's sides as shares of it (0–1]. The answer
// says how much of the room that is left over lies left of, and above, the window: 0–1 each, 0.5 where there
// is no room. The same view gives the same answer.
#pragma once

#include <cstdint>

#include "imaging/geometry.h"
#include "imaging/pixels.h"

namespace safelight {

/// The longest side of a view that is worth its time.
inline constexpr std::uint32_t view_side_max_px = 128;

/// The window with the most of what draws the eye, which is for each pixel, from encoded values in 0…1,
///     opacity · (edge + colour + skin / 2)
///     edge    min(1, 2·|(∂x Y, ∂y Y)|), Y the luma of ITU-R BT.601, differences between the neighbours
///     colour  how much max(R, G, B) − min(R, G, B) is above its mean over the view: what is colourful
///             everywhere draws nobody
///     skin    1 when Cb is in 77…127 and Cr in 133…173 (of 255; Chai, Ngan: Face Segmentation Using
///             Skin-Color Map, 1999) and Y above 0.2
/// Among windows that have nearly as much, the one that has it in its middle.
[[nodiscard]] Fractions fractions_by_attention(const Pixels& view, double width, double height);

/// The window with the most information: whose histogram of luma, in 64 steps and one for what is
/// transparent, has the highest entropy (Shannon). Of several, the one in their middle.
[[nodiscard]] Fractions fractions_by_entropy(const Pixels& view, double width, double height);

}  // namespace safelight
