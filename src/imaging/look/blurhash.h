// BlurHash, as https://github.com/woltapp/blurhash/blob/master/Algorithm.md describes it: a short text from
// which a blurred picture can be made.
#pragma once

#include <cstdint>
#include <string>

#include "imaging/pixels.h"

namespace safelight {

/// `across` × `down` components, 1–9 each. `pixels` are RGB.
[[nodiscard]] std::string blurhash_of(const Pixels& pixels, std::uint32_t across, std::uint32_t down);

}  // namespace safelight
