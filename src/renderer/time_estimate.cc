#include "renderer/time_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "renderer/result_size.h"

namespace safelight {
namespace {

/// Nanoseconds for each pixel of the source, of one of its frames.
double decoder_ns(Format format) {
    switch (format) {
        case Format::jpeg:
            return 15;
        case Format::png:
            return 40;
        case Format::gif:
            return 20;
        case Format::webp:
        case Format::tiff:
            return 30;
        case Format::avif:
        case Format::heic:
            return 60;
        case Format::jxl:
            return 120;
        case Format::bmp:
            return 5;
        case Format::svg:
            return 100;
    }
    return 120;
}

/// By effort, from 1 on.
using ByEffort = std::array<double, effort_max>;

constexpr ByEffort png_ns{215, 215, 220, 225, 230, 240, 260, 280, 290};
constexpr ByEffort lossy_webp_ns{140, 140, 150, 180, 220, 230, 240, 320, 420};
constexpr ByEffort lossless_webp_ns{970, 980, 1'000, 1'030, 1'070, 1'120, 1'250, 1'450, 1'730};
constexpr ByEffort gif_ns{560, 800, 1'000, 1'300, 1'600, 1'900, 2'200, 2'600, 3'000};
constexpr ByEffort avif_ns{220, 220, 550, 550, 760, 760, 1'250, 1'250, 4'000};
constexpr ByEffort lossy_jxl_ns{200, 220, 245, 330, 450, 600, 820, 3'350, 4'750};
constexpr ByEffort lossless_jxl_ns{160, 600, 1'200, 2'000, 3'000, 4'000, 5'000, 12'000, 60'000};

/// Nanoseconds for each pixel of a result, of one of its frames, each time that it is encoded.
double encoder_ns(Format format, const Transform& transform) {
    const auto at = [&](const ByEffort& costs, unsigned usual) {
        return costs[transform.effort.value_or(static_cast<std::uint8_t>(usual)) - 1U];
    };
    switch (format) {
        case Format::jpeg:
            return transform.effort || transform.progressive ? 80 : 25;
        case Format::png:
            return at(png_ns, 6);
        case Format::webp:
            // The server's choice tries both ways.
            if (transform.automatic_format) return at(lossless_webp_ns, 6) + at(lossy_webp_ns, 6);
            return transform.lossless ? at(lossless_webp_ns, 6) : at(lossy_webp_ns, 6);
        case Format::gif:
            return at(gif_ns, 7);
        case Format::tiff:
            return 480;
        case Format::avif:
        case Format::heic:
            return at(avif_ns, 3);
        case Format::jxl:
            return transform.lossless || transform.quality == 100 ? at(lossless_jxl_ns, 5)
                                                                  : at(lossy_jxl_ns, 5);
        case Format::bmp:
        case Format::svg:
            return at(png_ns, 6);  // which is what they become
    }
    return 0;
}

/// How often a result is encoded at most, until it is small enough.
double tries(const Transform& transform, Format format) {
    constexpr double most = 8;
    return transform.max_bytes && has_quality(format) ? most : 1;
}

/// Nanoseconds for each pixel of a result between resize and encoder.
double effects_ns(const Transform& transform) {
    double sum = 20;
    if (adjusts_colour(transform) || transform.greyscale || transform.duotone) sum += 20;
    if (transform.blur.count > 0) sum += 100;
    if (transform.sharpen.count > 0) sum += 80;
    if (transform.watermark) sum += 20;
    return sum;
}

}  // namespace

Milliseconds estimate_render_time(const ImageFacts& facts, std::span<const Transform> transforms,
                                  const ImageLimits& limits) {
    constexpr double resample_ns = 5;  // for each pixel of the source
    constexpr double rotation_ns = 100;
    const double source = static_cast<double>(facts.width_px) * facts.height_px;
    const double decoding = source * decoder_ns(facts.format);
    double ns = 0;
    bool has_stills = false;
    for (const Transform& transform : transforms) {
        const ResultSize size = largest_result(transform, facts, limits);
        if (!is_within(size, limits)) continue;
        const Format format = likely_format(facts, transform);
        const double frames = frames_of(facts, transform, format);
        has_stills = has_stills || frames == 1;
        // Each animation decodes for itself.
        if (frames > 1) ns += frames * decoding;
        ns += frames * source * resample_ns;
        ns += rotated_pixels(transform, facts, size) * rotation_ns;
        ns += frames * size.pixels() *
              (effects_ns(transform) + tries(transform, format) * encoder_ns(format, transform));
    }
    if (has_stills) ns += decoding;
    return Milliseconds{static_cast<std::int64_t>(std::ceil(ns / 1e6))};
}

}  // namespace safelight
