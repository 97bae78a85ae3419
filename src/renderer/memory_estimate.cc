#include "renderer/memory_estimate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "renderer/result_size.h"

namespace safelight {
namespace {

constexpr auto mebibyte = static_cast<double>(MiB);

/// Strips of rows, tables, and what libraries keep for themselves.
constexpr double buffers_bytes = 24 * mebibyte;

/// Bytes for each pixel of the source while it is decoded, beyond the results.
double decoder_bytes_per_pixel(const ImageFacts& facts) {
    const bool is_grey = facts.colour_space == ColourSpace::grey;
    switch (facts.format) {
        case Format::jpeg:
            // All coefficients of a progressive one, 16 bits each.
            return facts.colour_space == ColourSpace::cmyk ? 8 : is_grey ? 2 : 6;
        case Format::png:
            // All samples of an interlaced one, 16 bits each.
            return (is_grey ? 2 : 6) + (facts.has_alpha ? 2 : 0);
        case Format::gif:
            return 8;
        case Format::webp:
            return 12;
        case Format::tiff:
            return 16;
        case Format::avif:
        case Format::heic:
            return 16;
        case Format::jxl:
            return 32;
        case Format::bmp:
            return 4;
        case Format::svg:
            return 16;
    }
    return 32;
}

/// Bytes for each pixel of a result, of one of its frames, while it is encoded, beyond the pixels themselves.
double encoder_bytes_per_pixel(Format format, const Transform& transform, double frames) {
    switch (format) {
        case Format::jpeg:
            return 6;
        case Format::png:
            return 4;
        case Format::webp:
            // Of an animation, the canvas and the frame before it are kept as well.
            return transform.lossless || transform.automatic_format ? 40 : frames > 1 ? 32 : 8;
        case Format::gif:
            return frames > 1 ? 24 : 16;
        case Format::tiff:
            return 8;
        case Format::avif:
        case Format::heic:
            return 40;
        case Format::jxl: {
            // Measured up to 7; the two beyond it try more at once.
            const unsigned effort = transform.effort.value_or(0);
            return effort > 7 ? 160 : effort == 7 ? 96 : 56;
        }
        case Format::bmp:
        case Format::svg:
            return 4;
    }
    return 40;
}

/// Pixels of the source that are kept while the transforms are made: trim looks at all of them, and so does a
/// gravity that depends on the picture, unless it is a JPEG, which has a smaller decode.
double kept_source_pixels(const ImageFacts& facts, std::span<const Transform> transforms) {
    const bool is_kept = std::ranges::any_of(transforms, [&](const Transform& transform) {
        const bool looks =
            (transform.crop && transform.crop->gravity.value_or(Gravity::centre) > Gravity::focal) ||
            (transform.resize && transform.resize->gravity > Gravity::focal);
        return transform.trim || (looks && facts.format != Format::jpeg);
    });
    return is_kept ? static_cast<double>(facts.width_px) * facts.height_px : 0;
}

}  // namespace

std::uint64_t estimate_render_bytes(const ImageFacts& facts, std::uint64_t source_bytes,
                                    std::span<const Transform> transforms, const ImageLimits& limits) {
    const double channels = facts.has_alpha ? 4 : 3;
    double kept = kept_source_pixels(facts, transforms) * channels;
    double working = 0;
    double drawn = static_cast<double>(facts.width_px) * facts.height_px;
    for (const Transform& transform : transforms) {
        const ResultSize size = largest_result(transform, facts, limits);
        if (!is_within(size, limits)) continue;
        const Format format = likely_format(facts, transform);
        const double frames = frames_of(facts, transform, format);
        const double rotated = rotated_pixels(transform, facts, size);
        kept += std::max(size.pixels(), rotated) * channels;
        if (frames > 1) kept += size.pixels() * frames;  // all of the file
        // Sharpening has a second picture and one of 16 bits beside the first.
        const double per_pixel =
            std::max(encoder_bytes_per_pixel(format, transform, frames) + channels, 4 * channels);
        working = std::max(working, size.pixels() * per_pixel);
        working = std::max(working, rotated * (channels + 1));
        if (facts.format == Format::svg) drawn = std::max(drawn, 4 * size.pixels());
    }
    const double decoding = drawn * decoder_bytes_per_pixel(facts);
    // The data of a PNG are joined before they are inflated, or it is copied without its metadata for
    // libvips.
    const double sources = facts.format == Format::png ? 2 : 1;
    const double bytes =
        sources * static_cast<double>(source_bytes) + kept + std::max(decoding, working) + buffers_bytes;
    return static_cast<std::uint64_t>(bytes);
}

std::unexpected<Error> too_much_memory(std::uint64_t bytes, std::uint64_t bytes_max) {
    return failure(
        ErrorCode::image_too_large,
        fmt::format("The picture needs up to {} MiB of memory to render; this server allows {} MiB.",
                    (bytes + MiB - 1) / MiB, bytes_max / MiB));
}

}  // namespace safelight
