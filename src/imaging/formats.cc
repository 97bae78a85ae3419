#include <utility>

#include "imaging/animation.h"
#include "imaging/container/container.h"
#include "imaging/encode.h"
#include "imaging/imaging.h"
#include "imaging/vips/library.h"
#include "imaging/vips/save.h"
#include "imaging/vips/versions.h"
#include "transform/transform.h"

namespace safelight {
namespace {

bool has_loader(const char* nickname) {
    return vips_type_find("VipsOperation", nickname) != 0;
}

bool can_read(Format format) {
    switch (format) {
        case Format::jpeg:
        case Format::jxl:
        case Format::bmp:
            return true;  // readers that this program is linked with
        case Format::png:
            return has_loader("pngload_buffer");
        case Format::gif:
            return has_loader("gifload_buffer");
        case Format::webp:
            return has_loader("webpload_buffer");
        case Format::tiff:
            return has_loader("tiffload_buffer");
        case Format::avif:
            return has_loader("heifload_buffer") && has_heif_decoder(HeifCompression::av1);
        case Format::heic:
            return has_loader("heifload_buffer") && has_heif_decoder(HeifCompression::hevc);
        case Format::svg:
            return has_loader("svgload_buffer");
    }
    return false;
}

/// A clear picture of a few pixels; empty when it cannot be encoded.
std::vector<std::byte> clear_sample(Format format) {
    constexpr std::uint32_t side_px = 16;
    auto picture = encode(Pixels(side_px, side_px, 4), format, {}, {});
    return picture ? std::move(picture->bytes) : std::vector<std::byte>{};
}

/// That there is a quality, or a lossless way, is what transforms go by; an animation, what the pipeline
/// does.
FormatSupport support_of(Format format) {
    FormatSupport support{.format = format, .reads = can_read(format), .writes = can_write(format)};
    if (!support.writes) return support;
    const auto facts = inspect(clear_sample(format), {});
    support.alpha = facts && facts->has_alpha;
    support.animation = stays_animated({}, format, {.format = Format::gif, .frames = 2});
    support.lossless = can_be_lossless(format);
    support.quality = has_quality(format);
    return support;
}

}  // namespace

std::vector<FormatSupport> format_support() {
    std::vector<FormatSupport> all;
    if (!initialise_codecs()) return all;
    for (const Format format : all_formats) all.push_back(support_of(format));
    return all;
}

}  // namespace safelight
