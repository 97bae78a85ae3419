// What a picture looks like, from a miniature of it.
#pragma once

#include <cstdint>

#include "image/look.h"
#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// The longest side of a miniature. A third of what a usual thumbnail has, so that it can be made from one,
/// and four times as many as the hashes have frequencies.
inline constexpr std::uint32_t miniature_side_max_px = 32;

/// What makes a miniature of a whole picture.
[[nodiscard]] Transform miniature();

/// `pixels` are upright, 1 to 4 channels, their sides at most miniature_side_max_px. What is transparent
/// counts little for the colours, and is white for BlurHash and dHash, as where a picture is flattened.
[[nodiscard]] Look look_at(Pixels pixels);

/// The difference hash: Look::dhash. `pixels` are RGB, of any size.
[[nodiscard]] std::uint64_t dhash_of(const Pixels& pixels);

}  // namespace safelight
