#include "imaging/encode.h"

#include <fmt/format.h>

#include "imaging/flatten.h"
#include "imaging/jpeg/libjpeg.h"
#include "imaging/vips/save.h"

namespace safelight {
namespace {

/// Where photographs begin to look the same as their original.
std::uint8_t default_quality(Format format) {
    switch (format) {
        case Format::webp:
            return 80;
        case Format::avif:
            return 55;
        default:
            return 82;
    }
}

}  // namespace

Result<Format> output_format(const Transform& transform, const ImageFacts& facts) {
    const Format wanted = transform.format.value_or(facts.format);
    if (can_write(wanted)) return wanted;
    if (transform.format) {
        return failure(ErrorCode::unsupported_transform,
                       fmt::format("This server cannot write {}.", name_of(*transform.format)));
    }
    return facts.has_alpha ? Format::png : Format::jpeg;
}

Result<EncodedPicture> encode(Pixels pixels, Format format, std::optional<std::uint8_t> quality,
                              const StopCheck& stop) {
    const std::uint8_t level = quality.value_or(default_quality(format));
    EncodedPicture picture{format, pixels.width_px, pixels.height_px, {}};
    if (format == Format::jpeg) {
        TRY_ASSIGN(picture.bytes, write_jpeg(flatten(std::move(pixels), white), level));
    } else {
        TRY_ASSIGN(picture.bytes, save_picture(pixels, format, level, stop));
    }
    return picture;
}

}  // namespace safelight
