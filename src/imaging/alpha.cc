#include "imaging/alpha.h"

#include <algorithm>

namespace safelight {

Pixels with_alpha(Pixels pixels) {
    if (has_alpha(pixels.channels)) return pixels;
    const std::uint32_t colours = pixels.channels;
    Pixels out(pixels.width_px, pixels.height_px, colours + 1, pixels.gamut);
    const std::uint8_t* from = pixels.samples.data();
    for (std::uint8_t* to = out.samples.data(); to != out.samples.data() + out.samples.size();
         to += colours + 1, from += colours) {
        std::copy_n(from, colours, to);
        to[colours] = 255;
    }
    return out;
}

}  // namespace safelight
