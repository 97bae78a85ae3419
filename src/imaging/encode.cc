#include "imaging/encode.h"

#include <fmt/format.h>

#include "imaging/flatten.h"
#include "imaging/jpeg/libjpeg.h"
#include "imaging/jxl/jxl_writer.h"
#include "imaging/vips/save.h"

namespace safelight {

std::uint8_t default_quality(Format format) {
    switch (format) {
        case Format::webp:
        case Format::jxl:
            return 80;
        case Format::avif:
            return 55;
        default:
            return 82;
    }
}

namespace {

constexpr std::uint8_t default_jxl_effort = 5;

/// From which effort on a JPEG gets Huffman codes of its own, for which it is encoded twice.
constexpr std::uint8_t optimised_jpeg_effort = 5;

Result<Format> writable_format(const Transform& transform, const ImageFacts& facts) {
    const Format wanted = transform.format.value_or(facts.format);
    if (can_write(wanted)) return wanted;
    if (transform.format) {
        return failure(ErrorCode::unsupported_transform,
                       fmt::format("This server cannot write {}.", name_of(*transform.format)));
    }
    // A BMP is a screenshot more often than a photograph, and lost nothing yet.
    const bool is_drawn = facts.format == Format::bmp || facts.format == Format::svg;
    return facts.has_alpha || is_drawn ? Format::png : Format::jpeg;
}

}  // namespace

Result<Format> output_format(const Transform& transform, const ImageFacts& facts) {
    TRY_ASSIGN(const Format format, writable_format(transform, facts));
    if (transform.lossless && !can_be_lossless(format)) {
        return failure(ErrorCode::unsupported_transform,
                       fmt::format("The result would be {}, which has no lossless way.", name_of(format)));
    }
    return format;
}

Result<EncodedPicture> encode(Pixels pixels, Format format, const Transform& transform, const StopCheck& stop,
                              const Attachments& attachments) {
    const std::uint8_t quality = transform.quality.value_or(default_quality(format));
    EncodedPicture picture{format, pixels.width_px, pixels.height_px, {}};
    if (format == Format::jpeg) {
        const JpegOptions options{quality, transform.progressive,
                                  transform.effort.value_or(0) >= optimised_jpeg_effort};
        TRY_ASSIGN(picture.bytes, write_jpeg(flatten(std::move(pixels), white), options));
    } else if (format == Format::jxl) {
        const JxlOptions options{quality, transform.lossless, transform.effort.value_or(default_jxl_effort)};
        TRY_ASSIGN(picture.bytes, write_jxl(pixels, options));
    } else {
        const SaveOptions options{quality, transform.lossless, transform.effort};
        TRY_ASSIGN(picture.bytes, save_picture(pixels, format, options, stop));
    }
    TRY_ASSIGN(picture.bytes, attach(std::move(picture.bytes), format, attachments));
    return picture;
}

}  // namespace safelight
