#include "imaging/test_animations.h"

#include <gtest/gtest.h>
#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <memory>

#include "imaging/vips/library.h"

namespace safelight::test {
namespace {

void append(Bytes& out, std::initializer_list<unsigned> values) {
    for (const unsigned value : values) out.push_back(static_cast<std::byte>(value));
}

void append(Bytes& out, std::span<const std::byte> more) {
    out.insert(out.end(), more.begin(), more.end());
}

void append_u16(Bytes& out, unsigned value) {
    append(out, {value & 0xff, value >> 8});
}

/// LZW that never grows its codes: of 3 bits, with a clear code before every second pixel.
Bytes solid_lzw(std::size_t pixels, unsigned colour) {
    Bytes packed;
    unsigned bits = 0;
    unsigned held = 0;
    const auto put = [&](unsigned code) {
        bits |= code << held;
        for (held += 3; held >= 8; held -= 8, bits >>= 8) append(packed, {bits & 0xff});
    };
    for (std::size_t i = 0; i < pixels; ++i) {
        if (i % 2 == 0) put(4);
        put(colour);
    }
    put(5);
    append(packed, {bits & 0xff});
    Bytes blocks;
    append(blocks, {2});
    for (std::size_t at = 0; at < packed.size(); at += 255) {
        const auto block = std::span(packed).subspan(at, std::min<std::size_t>(255, packed.size() - at));
        append(blocks, {static_cast<unsigned>(block.size())});
        append(blocks, block);
    }
    append(blocks, {0});
    return blocks;
}

Shown shown_gif(std::span<const std::byte> file) {
    Shown result;
    VipsImage* loaded = nullptr;
    void* data = const_cast<std::byte*>(file.data());
    EXPECT_EQ(vips_gifload_buffer(data, file.size(), &loaded, "n", -1, nullptr), 0) << vips_error_buffer();
    const VipsPicture owner(loaded);
    const auto width = static_cast<std::uint32_t>(vips_image_get_width(loaded));
    const auto height = static_cast<std::uint32_t>(vips_image_get_page_height(loaded));
    const auto channels = static_cast<std::uint32_t>(vips_image_get_bands(loaded));
    std::size_t size = 0;
    auto* samples = static_cast<std::uint8_t*>(vips_image_write_to_memory(loaded, &size));
    const std::unique_ptr<void, decltype(&g_free)> samples_owner(samples, &g_free);
    for (std::size_t at = 0; at < size;) {
        Pixels& frame = result.frames.emplace_back(width, height, 4);
        for (std::size_t i = 0; i < frame.samples.size(); i += 4, at += channels) {
            frame.samples[i] = samples[at];
            frame.samples[i + 1] = samples[at + (channels <= 2 ? 0 : 1)];
            frame.samples[i + 2] = samples[at + (channels <= 2 ? 0 : 2)];
            frame.samples[i + 3] = has_alpha(channels) ? samples[at + channels - 1] : 255;
        }
    }
    // The graphic control extensions and the loop, as the file says them.
    const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(file[at]); };
    for (std::size_t at = 0; at + 8 <= file.size(); ++at) {
        if (byte(at) == 0x21 && byte(at + 1) == 0xf9 && byte(at + 2) == 4 && byte(at + 7) == 0)
            result.timing.delays_ms.push_back((byte(at + 4) | byte(at + 5) << 8) * 10);
    }
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    const auto netscape = text.find("NETSCAPE2.0");
    result.timing.plays = 1;
    if (netscape != std::string_view::npos) {
        const unsigned repeats = byte(netscape + 13) | byte(netscape + 14) << 8;
        result.timing.plays = repeats == 0 ? 0 : repeats + 1;
    }
    return result;
}

Shown shown_webp(std::span<const std::byte> file) {
    Shown result;
    const WebPData data{reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
    const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
        WebPAnimDecoderNew(&data, nullptr), &WebPAnimDecoderDelete);
    WebPAnimInfo info;
    if (!decoder || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0) {
        ADD_FAILURE() << "no animation";
        return result;
    }
    result.timing.plays = info.loop_count;
    int before_ms = 0;
    while (WebPAnimDecoderHasMoreFrames(decoder.get()) != 0) {
        std::uint8_t* samples = nullptr;
        int end_ms = 0;
        EXPECT_NE(WebPAnimDecoderGetNext(decoder.get(), &samples, &end_ms), 0);
        Pixels& frame = result.frames.emplace_back(info.canvas_width, info.canvas_height, 4);
        std::copy_n(samples, frame.samples.size(), frame.samples.data());
        result.timing.delays_ms.push_back(static_cast<std::uint32_t>(end_ms - before_ms));
        before_ms = end_ms;
    }
    return result;
}

}  // namespace

Bytes animated_gif(std::uint16_t width, std::uint16_t height, std::span<const GifFrame> frames,
                   std::optional<std::uint16_t> repeats) {
    Bytes gif = bytes_of("GIF89a");
    append_u16(gif, width);
    append_u16(gif, height);
    append(gif, {0x81, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0});
    if (repeats) {
        append(gif, {0x21, 0xff, 11});
        append(gif, bytes_of("NETSCAPE2.0"));
        append(gif, {3, 1});
        append_u16(gif, *repeats);
        append(gif, {0});
    }
    for (const GifFrame& frame : frames) {
        const std::uint16_t frame_width = frame.width == 0 ? width : frame.width;
        const std::uint16_t frame_height = frame.height == 0 ? height : frame.height;
        append(gif, {0x21, 0xf9, 4,
                     static_cast<unsigned>(frame.disposal) << 2 | (frame.has_transparency ? 1U : 0U)});
        append_u16(gif, frame.delay_cs);
        append(gif, {3, 0, 0x2c});
        for (const unsigned value : {frame.left, frame.top, frame_width, frame_height})
            append_u16(gif, value);
        append(gif, {0});
        append(gif, solid_lzw(std::size_t{frame_width} * frame_height, frame.colour));
    }
    append(gif, {0x3b});
    return gif;
}

Bytes animated_webp(std::span<const Pixels> frames, const AnimationTiming& timing) {
    WebPAnimEncoderOptions options;
    EXPECT_NE(WebPAnimEncoderOptionsInit(&options), 0);
    options.anim_params.loop_count = static_cast<int>(timing.plays);
    const std::unique_ptr<WebPAnimEncoder, decltype(&WebPAnimEncoderDelete)> encoder(
        WebPAnimEncoderNew(static_cast<int>(frames[0].width_px), static_cast<int>(frames[0].height_px),
                           &options),
        &WebPAnimEncoderDelete);
    WebPConfig config;
    EXPECT_NE(WebPConfigInit(&config), 0);
    config.lossless = 1;
    config.exact = 1;
    int begin_ms = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        WebPPicture picture;
        EXPECT_NE(WebPPictureInit(&picture), 0);
        picture.use_argb = 1;
        picture.width = static_cast<int>(frames[i].width_px);
        picture.height = static_cast<int>(frames[i].height_px);
        EXPECT_NE(WebPPictureImportRGBA(&picture, frames[i].samples.data(),
                                        static_cast<int>(frames[i].row_bytes())),
                  0);
        EXPECT_NE(WebPAnimEncoderAdd(encoder.get(), &picture, begin_ms, &config), 0);
        WebPPictureFree(&picture);
        begin_ms += static_cast<int>(timing.delays_ms[i]);
    }
    WebPData data;
    WebPDataInit(&data);
    EXPECT_NE(WebPAnimEncoderAdd(encoder.get(), nullptr, begin_ms, nullptr), 0);
    EXPECT_NE(WebPAnimEncoderAssemble(encoder.get(), &data), 0);
    const auto written = std::as_bytes(std::span(data.bytes, data.size));
    Bytes bytes(written.begin(), written.end());
    WebPDataClear(&data);
    return bytes;
}

Shown shown(std::span<const std::byte> file) {
    return sniff(file) == Format::gif ? shown_gif(file) : shown_webp(file);
}

Pixels filled(std::uint32_t width, std::uint32_t height, Colour colour, std::uint8_t alpha) {
    Pixels pixels(width, height, 4);
    for (std::size_t i = 0; i < pixels.samples.size(); i += 4) {
        pixels.samples[i] = colour.red;
        pixels.samples[i + 1] = colour.green;
        pixels.samples[i + 2] = colour.blue;
        pixels.samples[i + 3] = alpha;
    }
    return pixels;
}

Colour colour_at(const Pixels& pixels, std::uint32_t x, std::uint32_t y) {
    const std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * pixels.channels;
    return {pixel[0], pixel[1], pixel[2]};
}

std::uint8_t alpha_at(const Pixels& pixels, std::uint32_t x, std::uint32_t y) {
    return pixels.row(y)[std::size_t{x} * pixels.channels + 3];
}

}  // namespace safelight::test
