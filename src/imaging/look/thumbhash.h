// ThumbHash, as https://evanw.github.io/thumbhash/ describes it: about 25 bytes from which a blurred picture
// can be made, with its shape, its mean colour and its alpha.
#pragma once

#include <cstddef>
#include <vector>

#include "imaging/pixels.h"

namespace safelight {

/// At most thumbhash_bytes_max bytes. `pixels` are RGB or RGBA, with sides of at most 100.
[[nodiscard]] std::vector<std::byte> thumbhash_of(const Pixels& pixels);

}  // namespace safelight
