#include "imaging/look/look_at.h"

#include <utility>

#include "imaging/flatten.h"
#include "imaging/look/blurhash.h"
#include "imaging/look/palette.h"
#include "imaging/look/thumbhash.h"

namespace safelight {

Transform miniature() {
    return {.resize = Resize{.longest_side_px = miniature_side_max_px}};
}

Look look_at(Pixels pixels) {
    const Pixels coloured = to_rgb(std::move(pixels));
    Look look;
    look.palette = palette_of(coloured);
    look.dominant = look.palette.front();
    look.thumbhash = thumbhash_of(coloured);
    const Pixels flat = flatten(coloured, white);
    const bool is_tall = flat.height_px > flat.width_px;
    look.blurhash = blurhash_of(flat, is_tall ? 3 : 4, is_tall ? 4 : 3);
    look.dhash = dhash_of(flat);
    return look;
}

}  // namespace safelight
