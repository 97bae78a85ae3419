#include "imaging/encode.h"

#include <fmt/format.h>

#include <algorithm>

#include "imaging/fit_bytes.h"
#include "imaging/flatten.h"
#include "imaging/graphics.h"
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

/// Small, and shown by every browser: WebP with all it can do.
Format automatic_format(bool has_alpha) {
    if (can_write(Format::webp)) return Format::webp;
    return has_alpha ? Format::png : Format::jpeg;
}

Result<Format> writable_format(const Transform& transform, const ImageFacts& facts) {
    if (transform.automatic_format) return automatic_format(facts.has_alpha);
    const Format wanted = transform.format.value_or(facts.format);
    if (can_write(wanted)) return wanted;
    if (transform.format) {
        return failure(
            ErrorCode::unsupported_transform,
            fmt::format("\"format\": this server cannot write {}; GET /v1/formats tells what it can.",
                        name_of(*transform.format)));
    }
    // A BMP is a screenshot more often than a photograph, and lost nothing yet.
    const bool is_drawn = facts.format == Format::bmp || facts.format == Format::svg;
    return facts.has_alpha || is_drawn ? Format::png : Format::jpeg;
}

/// What WebP has room for, what libjpeg takes, and else the most that can be allowed.
constexpr std::uint32_t side_max_px(Format format) {
    constexpr std::uint32_t webp_side_max_px = 16'383;
    constexpr std::uint32_t jpeg_side_max_px = 65'500;
    if (format == Format::webp) return webp_side_max_px;
    return format == Format::jpeg ? jpeg_side_max_px : 65'535;
}

bool has_room(Format format, const Pixels& pixels) {
    return std::max(pixels.width_px, pixels.height_px) <= side_max_px(format);
}

Format format_for_sides(Format format, const Pixels& pixels) {
    if (format != Format::webp || has_room(format, pixels)) return format;
    return has_alpha(pixels.channels) || !has_room(Format::jpeg, pixels) ? Format::png : Format::jpeg;
}

/// One file. JPEG has no alpha left.
Result<std::vector<std::byte>> write(const Pixels& pixels, Format format, const SaveOptions& options,
                                     bool progressive, const StopCheck& stop) {
    if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
    if (format == Format::jpeg) {
        return write_jpeg(
            pixels, {options.quality, progressive, options.effort.value_or(0) >= optimised_jpeg_effort});
    }
    if (format == Format::jxl)
        return write_jxl(pixels,
                         {options.quality, options.lossless, options.effort.value_or(default_jxl_effort)});
    return save_picture(pixels, format, options, stop);
}

Result<std::vector<std::byte>> encode_file(std::optional<std::uint32_t> bytes_max, Format format,
                                           const SaveOptions& options, const EncodeCall& call) {
    return bytes_max ? encode_within(*bytes_max, format, options, call) : call(options);
}

/// Lossless, unless lossy is smaller: flat areas cost lossless WebP little, and the edges stay sharp.
Result<std::vector<std::byte>> encode_graphics(std::optional<std::uint32_t> bytes_max,
                                               const SaveOptions& options, const EncodeCall& call) {
    SaveOptions lossless_options = options;
    lossless_options.lossless = true;
    TRY_ASSIGN(std::vector<std::byte> lossless, call(lossless_options));
    TRY_ASSIGN(std::vector<std::byte> lossy, call(options));
    const auto fits = [&](const auto& bytes) { return !bytes_max || bytes.size() <= *bytes_max; };
    if (lossless.size() <= lossy.size() && fits(lossless)) return lossless;
    if (fits(lossy)) return lossy;
    return encode_within(*bytes_max, Format::webp, options, call);
}

}  // namespace

Status check_room(Format format, std::uint32_t width_px, std::uint32_t height_px) {
    if (std::max(width_px, height_px) <= side_max_px(format)) return {};
    return failure(ErrorCode::unsupported_transform,
                   fmt::format("The result would be {}×{} pixels; {} has room for {} on a side.", width_px,
                               height_px, name_of(format), side_max_px(format)));
}

Result<Format> output_format(const Transform& transform, const ImageFacts& facts) {
    TRY_ASSIGN(const Format format, writable_format(transform, facts));
    if (transform.lossless && !can_be_lossless(format)) {
        return failure(
            ErrorCode::unsupported_transform,
            fmt::format("\"lossless\": the result would be {}, which has no such way; name a \"format\".",
                        name_of(format)));
    }
    return format;
}

Result<EncodedPicture> encode(Pixels pixels, Format format, const Transform& transform, const StopCheck& stop,
                              const Attachments& attachments) {
    if (transform.automatic_format) format = format_for_sides(format, pixels);
    TRY(check_room(format, pixels.width_px, pixels.height_px));
    // Only once, however often it is encoded.
    if (format == Format::jpeg) pixels = flatten(std::move(pixels), white);
    // What the file says of itself counts among its bytes.
    const EncodeCall call = [&](const SaveOptions& options) -> Result<std::vector<std::byte>> {
        TRY_ASSIGN(std::vector<std::byte> file, write(pixels, format, options, transform.progressive, stop));
        return attach(std::move(file), format, attachments);
    };
    const SaveOptions options{transform.quality.value_or(default_quality(format)), transform.lossless,
                              transform.effort};
    EncodedPicture picture{format, pixels.width_px, pixels.height_px, {}};
    if (transform.automatic_format && format == Format::webp && !transform.lossless &&
        looks_like_graphics(pixels)) {
        TRY_ASSIGN(picture.bytes, encode_graphics(transform.max_bytes, options, call));
    } else {
        TRY_ASSIGN(picture.bytes, encode_file(transform.max_bytes, format, options, call));
    }
    return picture;
}

}  // namespace safelight
