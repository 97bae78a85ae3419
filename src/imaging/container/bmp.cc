#include "imaging/container/bmp_header.h"
#include "imaging/container/container.h"

namespace safelight {

Result<ImageFacts> inspect_bmp(ByteView file) {
    TRY_ASSIGN(const BmpHeader header, read_bmp_header(file));
    return ImageFacts{.format = Format::bmp,
                      .width_px = header.width_px,
                      .height_px = header.height_px,
                      .has_alpha = header.has_alpha,
                      .colour_space = header.is_grey ? ColourSpace::grey : ColourSpace::rgb};
}

}  // namespace safelight
