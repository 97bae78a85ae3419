#include "renderer/memory_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "base/units.h"

namespace safelight {
namespace {

constexpr auto mebibyte = static_cast<double>(MiB);

/// Strips of rows, tables, and what libraries keep for themselves.
constexpr double buffers_bytes = 24 * mebibyte;

struct Size {
    double width = 0;
    double height = 0;

    [[nodiscard]] double pixels() const { return width * height; }
};

Size scaled(const Size& size, double scale) {
    // Sides are rounded.
    return {size.width * scale + 1, size.height * scale + 1};
}

Size turned(const Size& size, Hundredths degrees) {
    const double angle = degrees.value() * std::numbers::pi / 180;
    const double across = std::abs(std::cos(angle));
    const double along = std::abs(std::sin(angle));
    return {size.width * across + size.height * along, size.width * along + size.height * across};
}

/// The sides that a resize leads to, canvas included.
Size resized(const Resize& resize, const Size& size) {
    const double dpr = resize.dpr.value();
    const auto by = [&](double scale) { return scaled(size, resize.enlarge ? scale : std::min(scale, 1.0)); };
    if (resize.longest_side_px) return by(*resize.longest_side_px * dpr / std::max(size.width, size.height));
    if (resize.area_px) return by(std::sqrt(*resize.area_px / size.pixels()) * dpr);
    const auto scale_to = [dpr](const std::optional<std::uint32_t>& side, double of) {
        return *side * dpr / of;
    };
    if (!resize.width_px && !resize.height_px) return size;
    if (!resize.height_px) return by(scale_to(resize.width_px, size.width));
    if (!resize.width_px) return by(scale_to(resize.height_px, size.height));
    const double across = scale_to(resize.width_px, size.width);
    const double down = scale_to(resize.height_px, size.height);
    const Size box{*resize.width_px * dpr + 1, *resize.height_px * dpr + 1};
    switch (resize.fit) {
        case Fit::inside:
            return by(std::min(across, down));
        case Fit::outside:
            return by(std::max(across, down));
        case Fit::contain:
            return box;
        case Fit::cover:
        case Fit::fill:
            break;
    }
    if (resize.enlarge) return box;
    return {std::min(box.width, size.width + 1), std::min(box.height, size.height + 1)};
}

Size result_of(const Transform& transform, const ImageFacts& facts) {
    Size size{static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)};
    if (transform.crop) {
        // What lies outside of the picture is cut off; a crop by gravity has no corner.
        const Crop& crop = *transform.crop;
        size.width = std::clamp(size.width - crop.x_px, 1.0, static_cast<double>(crop.width_px));
        size.height = std::clamp(size.height - crop.y_px, 1.0, static_cast<double>(crop.height_px));
    }
    size = turned(size, transform.rotate);
    if (transform.resize) size = resized(*transform.resize, size);
    size.width += transform.pad.left_px + transform.pad.right_px;
    size.height += transform.pad.top_px + transform.pad.bottom_px;
    return size;
}

/// What trim leaves may have any shape: the largest result that any part of the picture leads to.
Size largest_result(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits) {
    Size size = result_of(transform, facts);
    if (!transform.trim || !transform.resize || transform.resize->area_px) return size;
    const Resize& resize = *transform.resize;
    const double dpr = resize.dpr.value();
    if (resize.longest_side_px) {
        size.width = size.height = *resize.longest_side_px * dpr + 1;
    } else if (resize.width_px && resize.height_px && resize.fit != Fit::outside) {
        size = {*resize.width_px * dpr + 1, *resize.height_px * dpr + 1};
    } else if (resize.enlarge) {
        size.width = size.height = std::sqrt(static_cast<double>(limits.pixels_max));
        return size;
    } else {
        size = turned({static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)},
                      transform.rotate);
    }
    size.width += transform.pad.left_px + transform.pad.right_px;
    size.height += transform.pad.top_px + transform.pad.bottom_px;
    return size;
}

/// A rounded side too many is not what decides.
bool is_within(const Size& size, const ImageLimits& limits) {
    const double side_max = limits.side_max_px + 2.0;
    return size.width <= side_max && size.height <= side_max &&
           (size.width - 2) * (size.height - 2) <= static_cast<double>(limits.pixels_max);
}

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

/// Frames that a result can have at most.
double frames_of(const ImageFacts& facts, const Transform& transform, Format result) {
    const bool can_move = result == Format::gif || result == Format::webp;
    return can_move && transform.animation == Animation::keep ? std::max(facts.frames, 1U) : 1;
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

/// A rotation by no quarter begins with a picture of no more than twice the result's resolution, and has its
/// canvas beside it.
double rotated_pixels(const Transform& transform, const ImageFacts& facts, const Size& result) {
    if (quarter_turns(transform.rotate)) return 0;
    const Size whole{static_cast<double>(facts.width_px), static_cast<double>(facts.height_px)};
    return std::min(turned(whole, transform.rotate).pixels(), 4 * result.pixels());
}

}  // namespace

std::uint64_t estimate_render_bytes(const ImageFacts& facts, std::uint64_t source_bytes,
                                    std::span<const Transform> transforms, const ImageLimits& limits) {
    const double channels = facts.has_alpha ? 4 : 3;
    double kept = kept_source_pixels(facts, transforms) * channels;
    double working = 0;
    double drawn = static_cast<double>(facts.width_px) * facts.height_px;
    for (const Transform& transform : transforms) {
        const Size size = largest_result(transform, facts, limits);
        if (!is_within(size, limits)) continue;
        const Format format =
            transform.automatic_format ? Format::webp : transform.format.value_or(facts.format);
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
    // A PNG is copied without its metadata before libvips sees it.
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
