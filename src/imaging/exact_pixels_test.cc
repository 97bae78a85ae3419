// Files whose every byte is written here, against the pixels that their formats' definitions give them.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "imaging/container/byte_writer.h"
#include "imaging/imaging.h"
#include "imaging/metadata/tiff_writer.h"
#include "imaging/test_pictures.h"
#include "imaging/vips/save.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

class ExactPixels : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Pixels made(std::span<const std::byte> file, const Transform& transform,
                       const ImageLimits& limits = {}) {
        const auto results = test::rendered(file, std::span(&transform, 1), limits, {});
        if (!results || !results->front()) {
            ADD_FAILURE() << (results ? results->front().error() : results.error()).public_text;
            return {};
        }
        return test::decoded(results->front()->bytes);
    }
};

std::byte byte(std::size_t value) {
    return static_cast<std::byte>(value & 0xff);
}

// --- The longest side that a header can tell ---

constexpr std::uint32_t longest_px = 65'535;
constexpr ImageLimits long_sides{.side_max_px = longest_px};

std::uint8_t slope(std::uint32_t place) {
    return static_cast<std::uint8_t>(place / 257);
}

/// One pixel wide or high, from black to white.
Bytes line(bool is_tall) {
    Bytes rows;
    if (!is_tall) rows.push_back(std::byte{0});
    for (std::uint32_t i = 0; i < longest_px; ++i) {
        if (is_tall) rows.push_back(std::byte{0});
        rows.push_back(byte(slope(i)));
    }
    return test::png_of(is_tall ? 1 : longest_px, is_tall ? longest_px : 1, 8, 0, rows);
}

TEST_F(ExactPixels, OfALineAsLongAsAHeaderCanTell) {
    for (const bool is_tall : {true, false}) {
        const Bytes file = line(is_tall);
        EXPECT_EQ(probe(file, {}).error().code, ErrorCode::image_too_large);
        const Pixels same = made(file, {}, long_sides);
        ASSERT_EQ(same.samples.size(), longest_px);
        EXPECT_EQ(is_tall ? same.height_px : same.width_px, longest_px);
        for (std::uint32_t i = 0; i < longest_px; ++i) ASSERT_EQ(same.samples[i], slope(i)) << i;
        // A fitted side never vanishes.
        const Pixels small = made(file, {.resize = Resize{255, 255}}, long_sides);
        ASSERT_EQ(small.samples.size(), 255U);
        EXPECT_EQ(is_tall ? small.width_px : small.height_px, 1U);
        for (std::size_t i = 0; i < 255; ++i) EXPECT_NEAR(small.samples[i], int(i), 1) << i;
        const Pixels turned = made(file, {.rotate = {9'000}, .resize = Resize{100, 100}}, long_sides);
        EXPECT_EQ(is_tall ? turned.width_px : turned.height_px, 100U);
        EXPECT_EQ(is_tall ? turned.height_px : turned.width_px, 1U);
    }
}

TEST_F(ExactPixels, OfALineThatAFormatHasNoRoomForFailAlone) {
    std::vector<Transform> transforms;
    for (const Format format : all_formats) {
        if (can_write(format)) transforms.push_back({.format = format});
    }
    const auto results = test::rendered(line(true), transforms, long_sides, {});
    ASSERT_TRUE(results);
    for (std::size_t i = 0; i < transforms.size(); ++i) {
        const Format format = *transforms[i].format;
        const bool has_room = format != Format::webp && format != Format::jpeg;
        ASSERT_EQ((*results)[i].has_value(), has_room)
            << name_of(format) << (has_room ? (*results)[i].error().log_text : "");
        if (has_room) {
            EXPECT_EQ((*results)[i]->height_px, longest_px) << name_of(format);
        } else {
            EXPECT_EQ((*results)[i].error().code, ErrorCode::unsupported_transform) << name_of(format);
            EXPECT_TRUE((*results)[i].error().public_text.contains("has room for")) << name_of(format);
        }
    }
    const Pixels webp =
        made(line(true), {.resize = Resize{.longest_side_px = 16'383}, .format = Format::webp}, long_sides);
    EXPECT_EQ(webp.height_px, 16'383U);
    Transform automatic;
    automatic.automatic_format = true;
    EXPECT_EQ(made(line(true), automatic, long_sides).height_px, longest_px);
}

// --- Palettes ---

constexpr std::array<std::array<std::uint8_t, 4>, 4> palette{
    {{255, 0, 0, 255}, {0, 128, 0, 255}, {17, 34, 51, 128}, {250, 251, 252, 0}}};

/// Which colour a pixel has.
std::uint8_t index_at(std::uint32_t x, std::uint32_t y, std::uint32_t colours) {
    return static_cast<std::uint8_t>((x + 3 * y + x * y) % colours);
}

Bytes palette_png(std::uint32_t width, std::uint32_t height, std::uint8_t depth) {
    Bytes rows;
    for (std::uint32_t y = 0; y < height; ++y) {
        rows.push_back(std::byte{0});
        rows.resize(rows.size() + (std::size_t{width} * depth + 7) / 8);
        const std::size_t row = rows.size() - (std::size_t{width} * depth + 7) / 8;
        for (std::uint32_t x = 0; x < width; ++x) {
            const std::size_t bit = std::size_t{x} * depth;
            const unsigned value = index_at(x, y, depth == 1 ? 2 : 4);
            rows[row + bit / 8] |= byte(value << (8 - depth - bit % 8));
        }
    }
    Bytes colours;
    Bytes alphas;
    for (std::size_t i = 0; i < (depth == 1 ? 2U : 4U); ++i) {
        for (std::size_t c = 0; c < 3; ++c) colours.push_back(byte(palette[i][c]));
        alphas.push_back(byte(palette[i][3]));
    }
    const std::array chunks{test::png_chunk("PLTE", colours), test::png_chunk("tRNS", alphas)};
    return test::png_of(width, height, depth, 3, rows, chunks);
}

TEST_F(ExactPixels, OfAPngWithAPalette) {
    for (const std::uint8_t depth : {1, 2, 4, 8}) {
        const Pixels pixels = made(palette_png(21, 13, depth), {});
        ASSERT_EQ(pixels.width_px, 21U);
        ASSERT_EQ(pixels.height_px, 13U);
        for (std::uint32_t y = 0; y < 13; ++y) {
            for (std::uint32_t x = 0; x < 21; ++x) {
                const auto& expected = palette[index_at(x, y, depth == 1 ? 2 : 4)];
                const std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * pixels.channels;
                ASSERT_EQ(pixels.channels, 4U);
                EXPECT_EQ(pixel[3], expected[3]) << x << ',' << y;
                if (expected[3] == 0) continue;
                for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(pixel[c], expected[c]) << x << ',' << y;
            }
        }
    }
}

/// Codes of 8 bits alone: the table is cleared before they would have to grow.
Bytes gif_with_palette(std::uint16_t width, std::uint16_t height) {
    Bytes gif = test::bytes_of("GIF89a");
    append_little(gif, width, 2);
    append_little(gif, height, 2);
    append(gif, "\xf6\0\0"sv);  // a table of 128 colours
    for (std::size_t i = 0; i < 128; ++i) {
        for (std::size_t c = 0; c < 3; ++c) gif.push_back(byte(i < 4 ? palette[i][c] : 0));
    }
    append(gif, "\x21\xf9\x04\x01\0\0\3\0"sv);  // the last colour is clear
    append(gif, "\x2c\0\0\0\0"sv);
    append_little(gif, width, 2);
    append_little(gif, height, 2);
    append(gif, "\0\7"sv);  // codes begin with 8 bits
    constexpr std::byte clear{0x80};
    constexpr std::byte end{0x81};
    Bytes codes;
    for (std::uint32_t i = 0; i < std::uint32_t{width} * height; ++i) {
        if (i % 100 == 0) codes.push_back(clear);
        codes.push_back(byte(index_at(i % width, i / width, 4)));
    }
    codes.push_back(end);
    for (std::size_t at = 0; at < codes.size(); at += 255) {
        const auto block = std::span(codes).subspan(at, std::min<std::size_t>(255, codes.size() - at));
        gif.push_back(byte(block.size()));
        append(gif, block);
    }
    append(gif, "\0\x3b"sv);
    return gif;
}

TEST_F(ExactPixels, OfAGif) {
    for (const Format format : {Format::png, Format::gif}) {
        const Pixels pixels = made(gif_with_palette(21, 13), {.format = format});
        ASSERT_EQ(pixels.samples.size(), 21U * 13 * 4);
        for (std::uint32_t y = 0; y < 13; ++y) {
            for (std::uint32_t x = 0; x < 21; ++x) {
                const std::size_t index = index_at(x, y, 4);
                const std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * 4;
                EXPECT_EQ(pixel[3], index == 3 ? 0 : 255) << x << ',' << y;
                if (index == 3) continue;
                for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(pixel[c], palette[index][c]) << x << ',' << y;
            }
        }
    }
}

// --- 16 bits ---

double light_of(double code) {
    return code <= 0.04045 ? code / 12.92 : std::pow((code + 0.055) / 1.055, 2.4);
}

double code_of(double light) {
    return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

using Sample16 = std::uint16_t (*)(std::uint32_t x, std::uint32_t y, std::uint32_t channel);

/// RGB, not compressed, in one strip, in either order of bytes.
Bytes tiff_of_16_bits(std::uint32_t width, std::uint32_t height, Sample16 sample) {
    Bytes tiff = test::bytes_of("II*\0\0\0\0\0"sv);
    for (std::uint32_t i = 0; i < width * height * 3; ++i)
        append_little(tiff, sample(i / 3 % width, i / 3 / width, i % 3), 2);
    TiffEntry depths{258, static_cast<std::uint16_t>(TiffType::u16), 3, {}};
    for (int i = 0; i < 3; ++i) append_little(depths.value, 16, 2);
    const std::array entries{
        u32_entry(256, width), u32_entry(257, height), depths,
        u32_entry(259, 1),     u32_entry(262, 2),      u32_entry(273, 8),
        u32_entry(277, 3),     u32_entry(278, height), u32_entry(279, width * height * 6)};
    put_little(tiff, 4, append_directory(tiff, entries), 4);
    return tiff;
}

TEST_F(ExactPixels, OfATiffOf16BitsAfterAResize) {
    // Stripes of two colours: the mean of their light, whatever the kernel.
    const Sample16 stripes = [](std::uint32_t x, std::uint32_t, std::uint32_t channel) {
        constexpr std::array<std::array<std::uint16_t, 3>, 2> colours{
            {{0xffff, 0x4040, 0x0000}, {0x0000, 0x4040, 0xa0a0}}};
        return colours[x % 2][channel];
    };
    const auto mean = [](double a, double b) {
        return code_of((light_of(a / 0xffff) + light_of(b / 0xffff)) / 2) * 255;
    };
    for (const Format format : {Format::png, Format::tiff}) {
        const Pixels pixels =
            made(tiff_of_16_bits(64, 32, stripes), {.resize = Resize{8, 8}, .format = format});
        ASSERT_EQ(pixels.samples.size(), 8U * 4 * 3);
        for (std::uint32_t y = 0; y < 4; ++y) {
            for (std::uint32_t x = 1; x < 7; ++x) {
                const std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * 3;
                EXPECT_NEAR(pixel[0], mean(0xffff, 0), 1.5);
                EXPECT_NEAR(pixel[1], 0x40, 0.5);
                EXPECT_NEAR(pixel[2], mean(0, 0xa0a0), 1.5);
            }
        }
    }
    // A slope whose steps are finer than 8 bits can tell.
    const Sample16 ramp = [](std::uint32_t x, std::uint32_t, std::uint32_t channel) {
        return static_cast<std::uint16_t>(channel == 1 ? 0xffff - x * 100 : x * 100);
    };
    const Pixels pixels =
        made(tiff_of_16_bits(640, 4, ramp), {.resize = Resize{.width_px = 64}, .format = Format::png});
    ASSERT_EQ(pixels.width_px, 64U);
    for (std::uint32_t x = 1; x < 63; ++x) {
        const double centre = (x * 10 + 4.5) * 100;
        const std::uint8_t* pixel = pixels.row(0) + std::size_t{x} * 3;
        EXPECT_NEAR(pixel[0], centre / 257, 1.2) << x;
        EXPECT_NEAR(pixel[1], (0xffff - centre) / 257, 1.2) << x;
    }
}

// --- Frames of a PNG ---

Bytes rows_of(const Pixels& pixels) {
    Bytes rows;
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        rows.push_back(std::byte{0});
        append(rows, std::as_bytes(std::span(pixels.row(y), pixels.row_bytes())));
    }
    return rows;
}

Bytes frame_control(std::uint32_t sequence, const Pixels& pixels) {
    Bytes payload;
    for (const std::uint32_t value : {sequence, pixels.width_px, pixels.height_px, 0U, 0U})
        append_big(payload, value, 4);
    append(payload, "\0\1\0\12\0\0"sv);  // a tenth of a second; replaces what was there
    return test::png_chunk("fcTL", payload);
}

TEST_F(ExactPixels, OfAnAnimatedPngAreThoseOfItsFirstFrame) {
    const Pixels first = test::sample_pixels(20, 15, 3);
    Pixels second = first;
    for (std::uint8_t& sample : second.samples) sample = static_cast<std::uint8_t>(255 - sample);
    for (const bool is_shown : {true, false}) {  // or stands for the animation where that is not understood
        Bytes count;
        append_big(count, is_shown ? 2 : 1, 4);
        append_big(count, 0, 4);
        std::vector<Bytes> before{test::png_chunk("acTL", count)};
        if (is_shown) before.push_back(frame_control(0, first));
        Bytes data;
        append_big(data, is_shown ? 2 : 1, 4);
        append(data, test::deflated(rows_of(second)));
        Bytes after = frame_control(is_shown ? 1 : 0, second);
        append(after, test::png_chunk("fdAT", data));
        Bytes file = test::png_of(20, 15, 8, 2, rows_of(first), before);
        file.insert(file.end() - 12, after.begin(), after.end());
        const auto facts = probe(file, {});
        ASSERT_TRUE(facts) << facts.error().log_text;
        for (const Format format : {Format::png, Format::tiff})
            EXPECT_EQ(made(file, {.format = format}).samples, first.samples);
        const Pixels webp = made(file, {.format = Format::webp, .lossless = true});
        EXPECT_EQ(webp.samples, first.samples);
    }
}

}  // namespace
}  // namespace safelight
