#include "imaging/test_pictures.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>

#include "imaging/imaging.h"
#include "imaging/jxl/jxl_writer.h"
#include "imaging/vips/library.h"
#include "imaging/vips/load.h"

namespace safelight::test {
namespace {

void append(Bytes& out, std::span<const std::byte> more) {
    out.insert(out.end(), more.begin(), more.end());
}

void append_u32be(Bytes& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(value >> shift & 0xff));
}

void append_u16le(Bytes& out, std::uint32_t value) {
    out.push_back(static_cast<std::byte>(value & 0xff));
    out.push_back(static_cast<std::byte>(value >> 8 & 0xff));
}

VipsPicture picture_of(const Pixels& pixels) {
    EXPECT_TRUE(initialise_vips());
    VipsImage* view = vips_image_new_from_memory_copy(
        pixels.samples.data(), pixels.samples.size(), static_cast<int>(pixels.width_px),
        static_cast<int>(pixels.height_px), static_cast<int>(pixels.channels), VIPS_FORMAT_UCHAR);
    view->Type = pixels.channels <= 2 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    return VipsPicture(view);
}

Bytes taken(void* data, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    Bytes bytes(begin, begin + size);
    g_free(data);
    return bytes;
}

Bytes saved(VipsImage* picture, Format format) {
    void* data = nullptr;
    std::size_t size = 0;
    int failed = -1;
    switch (format) {
        case Format::jpeg:
            failed = vips_jpegsave_buffer(picture, &data, &size, "Q", 92, nullptr);
            break;
        case Format::png:
            failed = vips_pngsave_buffer(picture, &data, &size, nullptr);
            break;
        case Format::gif:
            failed = vips_gifsave_buffer(picture, &data, &size, nullptr);
            break;
        case Format::webp:
            failed = vips_webpsave_buffer(picture, &data, &size, "lossless", TRUE, nullptr);
            break;
        case Format::tiff:
            failed = vips_tiffsave_buffer(picture, &data, &size, nullptr);
            break;
        case Format::avif:
            failed = vips_heifsave_buffer(picture, &data, &size, "compression",
                                          VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", 0, "Q", 90, nullptr);
            break;
        case Format::heic:
            failed = vips_heifsave_buffer(picture, &data, &size, "compression",
                                          VIPS_FOREIGN_HEIF_COMPRESSION_HEVC, "Q", 90, nullptr);
            break;
        case Format::jxl:
        case Format::bmp:
        case Format::svg:
            break;
    }
    if (failed == 0) return taken(data, size);
    vips_error_clear();
    return {};
}

}  // namespace

/// 24 bits, or 32 with alpha, from the bottom.
Bytes bmp_of(const Pixels& pixels) {
    const bool alpha = has_alpha(pixels.channels);
    const std::uint32_t bytes = alpha ? 4 : 3;
    const std::uint32_t header_bytes = alpha ? 108 : 40;
    const std::uint32_t row_bytes = (pixels.width_px * bytes + 3) / 4 * 4;
    Bytes file = bytes_of("BM");
    const auto append_u32le = [&file](std::uint32_t value) {
        append_u16le(file, value & 0xffff);
        append_u16le(file, value >> 16);
    };
    for (const std::uint32_t field :
         {14 + header_bytes + row_bytes * pixels.height_px, 0U, 14 + header_bytes, header_bytes,
          pixels.width_px, pixels.height_px, bytes * 8 << 16 | 1, alpha ? 3U : 0U, 0U, 0U, 0U, 0U, 0U}) {
        append_u32le(field);
    }
    if (alpha) {
        for (const std::uint32_t mask : {0xff0000U, 0xff00U, 0xffU, 0xff000000U, 0x73524742U})
            append_u32le(mask);
        file.resize(14 + header_bytes);
    }
    for (std::uint32_t y = pixels.height_px; y-- > 0;) {
        for (std::uint32_t x = 0; x < pixels.width_px; ++x) {
            const std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * pixels.channels;
            const bool grey = pixels.channels <= 2;
            for (const std::uint32_t c : {2U, 1U, 0U}) file.push_back(std::byte{pixel[grey ? 0 : c]});
            if (alpha) file.push_back(std::byte{pixel[pixels.channels - 1]});
        }
        file.resize(file.size() + row_bytes - std::size_t{pixels.width_px} * bytes);
    }
    return file;
}

Pixels sample_pixels(std::uint32_t width, std::uint32_t height, std::uint32_t channels) {
    Pixels pixels(width, height, channels);
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x) {
            std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * channels;
            const double right = (x + 0.5) / width;
            const double down = (y + 0.5) / height;
            const double colours[4] = {30 + 200 * right, 30 + 200 * down, 220 - 150 * right * down, 255};
            for (std::uint32_t c = 0; c < channels; ++c) pixel[c] = static_cast<std::uint8_t>(colours[c]);
            if (has_alpha(channels)) pixel[channels - 1] = static_cast<std::uint8_t>(55 + 200 * right);
        }
    }
    return pixels;
}

Bytes sample_file(Format format, std::uint32_t width, std::uint32_t height, std::uint32_t channels) {
    const Pixels pixels = sample_pixels(width, height, channels);
    if (format == Format::jxl) return write_jxl(pixels, {.lossless = true}).value_or(Bytes{});
    if (format == Format::bmp) return bmp_of(pixels);
    return saved(picture_of(pixels).get(), format);
}

/// libvips writes no text into a PNG: chunks of our own, after the header.
Bytes png_with_metadata(Orientation orientation) {
    const char value = static_cast<char>(orientation);
    Bytes chunks =
        png_chunk("eXIf", bytes_of(std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) + value +
                                   std::string("\0\0\0 Secret GPS", 14)));
    append(chunks, png_chunk("tEXt", bytes_of(std::string("Comment\0Secret Name", 19))));
    append(
        chunks,
        png_chunk("iTXt", bytes_of(std::string("XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta>SecretPacket", 45))));
    Bytes png = sample_file(Format::png, 64, 48);
    png.insert(png.begin() + 33, chunks.begin(), chunks.end());
    return png;
}

Bytes file_with_metadata(Format format, Orientation orientation) {
    if (format == Format::png) return png_with_metadata(orientation);
    const VipsPicture picture = picture_of(sample_pixels(64, 48, 3));
    vips_image_set_int(picture.get(), VIPS_META_ORIENTATION, static_cast<int>(orientation));
    vips_image_set_string(picture.get(), "exif-ifd0-Artist",
                          "Secret Name (Secret Name, ASCII, 12 components, 12 bytes)");
    vips_image_set_string(picture.get(), "exif-ifd3-GPSLatitude",
                          "47/1 30/1 0/1 (47, 30, 0, Rational, 3 components, 24 bytes)");
    constexpr std::string_view packet = "<x:xmpmeta>SecretPacket</x:xmpmeta>";
    vips_image_set_blob_copy(picture.get(), VIPS_META_XMP_NAME, packet.data(), packet.size());
    return saved(picture.get(), format);
}

Bytes oriented_jpeg(Orientation orientation, std::uint32_t width, std::uint32_t height) {
    const VipsPicture upright = picture_of(sample_pixels(width, height, 3));
    // The inverse of each: quarter turns exchange with each other, the rest undo themselves.
    int inverse = static_cast<int>(orientation);
    if (orientation == Orientation::turned_90) inverse = static_cast<int>(Orientation::turned_270);
    if (orientation == Orientation::turned_270) inverse = static_cast<int>(Orientation::turned_90);
    VipsImage* tagged = nullptr;
    VipsImage* stored = nullptr;
    EXPECT_EQ(vips_copy(upright.get(), &tagged, nullptr), 0);
    const VipsPicture tagged_owner(tagged);
    vips_image_set_int(tagged, VIPS_META_ORIENTATION, inverse);
    EXPECT_EQ(vips_autorot(tagged, &stored, nullptr), 0);
    const VipsPicture stored_owner(stored);
    VipsImage* out = nullptr;
    EXPECT_EQ(vips_copy(stored, &out, nullptr), 0);
    const VipsPicture out_owner(out);
    vips_image_set_int(out, VIPS_META_ORIENTATION, static_cast<int>(orientation));
    return saved(out, Format::jpeg);
}

Bytes jpeg_with_profile(std::string_view profile) {
    const VipsPicture picture = picture_of(sample_pixels(64, 48, 3));
    VipsImage* out = nullptr;
    const std::string name(profile);
    EXPECT_EQ(vips_icc_transform(picture.get(), &out, name.c_str(), "input_profile", "srgb", nullptr), 0)
        << vips_error_buffer();
    const VipsPicture owner(out);
    return saved(out, Format::jpeg);
}

Bytes gif_of(std::uint32_t frames, std::uint16_t width, std::uint16_t height) {
    Bytes gif = bytes_of("GIF89a");
    append_u16le(gif, width);
    append_u16le(gif, height);
    append(gif, bytes_of(std::string_view("\x80\x00\x00\x00\x00\x00\xff\xff\xff", 9)));
    for (std::uint32_t i = 0; i < frames; ++i) {
        append(gif, bytes_of(std::string_view("\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00",
                                              15)));
    }
    gif.push_back(std::byte{0x3b});
    return gif;
}

Bytes png_chunk(std::string_view type, std::span<const std::byte> payload) {
    Bytes chunk;
    append_u32be(chunk, static_cast<std::uint32_t>(payload.size()));
    append(chunk, bytes_of(type));
    append(chunk, payload);
    append_u32be(chunk, static_cast<std::uint32_t>(
                            crc32_z(0, reinterpret_cast<const Bytef*>(chunk.data() + 4), chunk.size() - 4)));
    return chunk;
}

Bytes deflated(std::span<const std::byte> raw) {
    uLongf size = compressBound(raw.size());
    Bytes out(size);
    EXPECT_EQ(compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                        reinterpret_cast<const Bytef*>(raw.data()), raw.size(), 9),
              Z_OK);
    out.resize(size);
    return out;
}

Bytes png_of(std::uint32_t width, std::uint32_t height, std::uint8_t depth, std::uint8_t colour_type,
             std::span<const std::byte> data, std::span<const Bytes> extra_chunks) {
    Bytes png = bytes_of("\x89PNG\r\n\x1a\n");
    Bytes header;
    append_u32be(header, width);
    append_u32be(header, height);
    for (const int field : {int{depth}, int{colour_type}, 0, 0, 0})
        header.push_back(static_cast<std::byte>(field));
    append(png, png_chunk("IHDR", header));
    for (const Bytes& chunk : extra_chunks) append(png, chunk);
    append(png, png_chunk("IDAT", deflated(data)));
    append(png, png_chunk("IEND", {}));
    return png;
}

Bytes bytes_of(std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

bool contains(std::span<const std::byte> bytes, std::string_view text) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).contains(text);
}

Result<std::vector<Result<EncodedPicture>>> rendered(std::span<const std::byte> file,
                                                     std::span<const Transform> transforms,
                                                     const ImageLimits& limits, const StopCheck& stop) {
    TRY_ASSIGN(RenderOutput output, render_all({.bytes = file, .transforms = transforms}, limits, stop));
    return std::move(output.pictures);
}

Pixels decoded(std::span<const std::byte> file) {
    const auto format = sniff(file);
    if (!format) {
        ADD_FAILURE() << "no known format";
        return {};
    }
    auto picture = load_picture(file, *format);
    if (!picture) {
        ADD_FAILURE() << picture.error().log_text;
        return {};
    }
    Pixels pixels(static_cast<std::uint32_t>(vips_image_get_width(picture->get())),
                  static_cast<std::uint32_t>(vips_image_get_height(picture->get())),
                  static_cast<std::uint32_t>(vips_image_get_bands(picture->get())));
    std::size_t size = 0;
    void* samples = vips_image_write_to_memory(picture->get(), &size);
    if (samples == nullptr || size != pixels.samples.size()) {
        ADD_FAILURE() << vips_error_buffer();
    } else {
        std::copy_n(static_cast<const std::uint8_t*>(samples), size, pixels.samples.data());
    }
    g_free(samples);
    return pixels;
}

double mean_difference(const Pixels& a, const Pixels& b) {
    const bool same_shape =
        a.width_px == b.width_px && a.height_px == b.height_px && a.channels == b.channels;
    if (!same_shape || a.samples.empty()) return 255;
    double sum = 0;
    for (std::size_t i = 0; i < a.samples.size(); ++i) sum += std::abs(int{a.samples[i]} - int{b.samples[i]});
    return sum / static_cast<double>(a.samples.size());
}

}  // namespace safelight::test
