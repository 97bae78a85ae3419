#include "imaging/vips/save.h"

#include "imaging/container/webp_chunks.h"
#include "imaging/jxl/jxl_writer.h"
#include "imaging/vips/library.h"

namespace safelight {

int effort_for(Format format, std::optional<std::uint8_t> effort) {
    switch (format) {
        case Format::png:  // 1 to 9
            return effort.value_or(6);
        case Format::webp:  // 0 to 6
            return effort ? (*effort * 6 + 4) / 9 : 4;
        case Format::avif:  // 0 to 9; beyond 4 a large picture takes minutes
            return effort ? (*effort - 1) / 2 : 1;
        case Format::gif:  // 1 to 10
            return effort.value_or(7);
        default:
            return 0;
    }
}

namespace {

int call_saver(VipsImage* picture, Format format, const SaveOptions& options, VipsBytes& out) {
    const int quality = options.quality;
    const int effort = effort_for(format, options.effort);
    switch (format) {
        case Format::png:
            return vips_pngsave_buffer(picture, &out.data, &out.size, "compression", effort, "strip", TRUE,
                                       nullptr);
        case Format::webp:
            return vips_webpsave_buffer(picture, &out.data, &out.size, "Q", quality, "lossless",
                                        options.lossless ? TRUE : FALSE, "effort", effort, "strip", TRUE,
                                        nullptr);
        case Format::gif:
            return vips_gifsave_buffer(picture, &out.data, &out.size, "effort", effort, "strip", TRUE,
                                       nullptr);
        case Format::tiff:
            return vips_tiffsave_buffer(picture, &out.data, &out.size, "compression",
                                        VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "predictor",
                                        VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "strip", TRUE, nullptr);
        case Format::avif:
            return vips_heifsave_buffer(picture, &out.data, &out.size, "Q", quality, "compression",
                                        VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", effort, "strip", TRUE,
                                        nullptr);
        default:
            return -1;
    }
}

/// Pixels alone, without any field that a saver could write out.
VipsPicture view_of(const Pixels& pixels) {
    VipsImage* picture = vips_image_new_from_memory(
        pixels.samples.data(), pixels.samples.size(), static_cast<int>(pixels.width_px),
        static_cast<int>(pixels.height_px), static_cast<int>(pixels.channels), VIPS_FORMAT_UCHAR);
    if (picture != nullptr) {
        picture->Type = pixels.channels <= 2 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    }
    return VipsPicture(picture);
}

/// A library may be there without its encoder plug-in: only trying tells.
bool writes_a_sample(Format format) {
    if (!initialise_vips()) return false;
    const VipsThread thread;
    const Pixels sample(16, 16, 3);
    return save_picture(sample, format, {}, {}).has_value();
}

}  // namespace

bool can_write(Format format) {
    switch (format) {
        case Format::jpeg:
            return true;
        case Format::heic:
        case Format::bmp:
        case Format::svg:
            return false;
        case Format::jxl: {
            static const bool works = write_jxl(Pixels(16, 16, 3), {}).has_value();
            return works;
        }
        case Format::png: {
            static const bool works = writes_a_sample(Format::png);
            return works;
        }
        case Format::webp: {
            static const bool works = writes_a_sample(Format::webp);
            return works;
        }
        case Format::gif: {
            static const bool works = writes_a_sample(Format::gif);
            return works;
        }
        case Format::tiff: {
            static const bool works = writes_a_sample(Format::tiff);
            return works;
        }
        case Format::avif: {
            static const bool works = writes_a_sample(Format::avif);
            return works;
        }
    }
    return false;
}

Result<std::vector<std::byte>> save_picture(const Pixels& pixels, Format format, const SaveOptions& options,
                                            const StopCheck& stop) {
    const VipsThread thread;
    const VipsPicture picture = view_of(pixels);
    if (!picture) return vips_failure(ErrorCode::renderer_failed, "The picture could not be encoded.");
    stop_when(picture.get(), stop);
    VipsBytes out;
    if (call_saver(picture.get(), format, options, out) != 0) {
        // libvips forgets that a picture was killed once it has seen it.
        const bool killed = stop && stop();
        return vips_failure(killed ? ErrorCode::cancelled : ErrorCode::renderer_failed,
                            killed ? "The work was called off." : "The picture could not be encoded.");
    }
    const std::span bytes(static_cast<const std::byte*>(out.data), out.size);
    // webpsave writes EXIF of its own making, whatever "strip" says.
    if (format == Format::webp) return without_webp_metadata(bytes);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace safelight
