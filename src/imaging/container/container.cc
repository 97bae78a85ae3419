#include "imaging/container/container.h"

#include "image/format.h"

namespace safelight {
namespace {

/// Nothing of a drawing is looked at here: its sides are 1 until its library has told them.
Result<ImageFacts> inspect_svg(const ImageLimits& limits) {
    if (limits.takes_svg)
        return ImageFacts{.format = Format::svg, .width_px = 1, .height_px = 1, .has_alpha = true};
    return failure(ErrorCode::unsupported_image, "SVG is not taken by this server.");
}

Result<ImageFacts> inspect_as(Format format, ByteView file, const ImageLimits& limits) {
    switch (format) {
        case Format::jpeg:
            return inspect_jpeg(file, limits);
        case Format::png:
            return inspect_png(file);
        case Format::gif:
            return inspect_gif(file);
        case Format::webp:
            return inspect_webp(file);
        case Format::tiff:
            return inspect_tiff(file);
        case Format::avif:
        case Format::heic:
            return inspect_isobmff(file, format);
        case Format::jxl:
            return inspect_jxl(file);
        case Format::bmp:
            return inspect_bmp(file);
        case Format::svg:
            return inspect_svg(limits);
    }
    return failure(ErrorCode::internal, "The picture could not be processed.");
}

}  // namespace

Result<ImageFacts> inspect(std::span<const std::byte> bytes, const ImageLimits& limits) {
    if (bytes.empty()) return failure(ErrorCode::empty_payload, "There are no bytes.");
    if (bytes.size() > limits.bytes_max)
        return failure(ErrorCode::payload_too_large, "The content is too large.");
    const auto format = sniff(bytes);
    if (!format) return failure(ErrorCode::unsupported_image, "This is no picture of a supported format.");
    TRY_ASSIGN(const ImageFacts facts, inspect_as(*format, ByteView(bytes), limits));
    TRY(check(facts, limits));
    return facts;
}

}  // namespace safelight
