#include "imaging/bmp/bmp_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "imaging/container/container.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

void put(Bytes& out, std::uint32_t value, unsigned bytes = 4) {
    for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}

void put(Bytes& out, const Bytes& more) {
    out.insert(out.end(), more.begin(), more.end());
}

/// The fields of a BMP that tests vary.
struct Bmp {
    std::int32_t width = 2;
    std::int32_t height = 2;
    std::uint32_t bits = 24;
    std::uint32_t compression = 0;
    std::vector<std::uint32_t> masks = {};
    std::vector<std::uint32_t> palette = {};  // 0xRRGGBB
    Bytes pixels = {};
    std::uint32_t header_bytes = 40;
    std::uint32_t colours_used = 0;  // 0: as the palette has
    Bytes profile = {};

    [[nodiscard]] Bytes bytes() const {
        Bytes file = test::bytes_of("BM");
        const bool masks_follow = header_bytes == 40;
        const std::size_t palette_at = 14 + header_bytes + (masks_follow ? masks.size() * 4 : 0);
        put(file, 0);
        put(file, 0);
        put(file, static_cast<std::uint32_t>(palette_at + palette.size() * 4));
        put(file, header_bytes);
        put(file, static_cast<std::uint32_t>(width));
        put(file, static_cast<std::uint32_t>(height));
        put(file, bits << 16 | 1);
        put(file, compression);
        for (int i = 0; i < 3; ++i) put(file, 0);
        put(file, colours_used != 0 ? colours_used : static_cast<std::uint32_t>(palette.size()));
        put(file, 0);
        for (const std::uint32_t mask : masks) put(file, mask);
        if (!profile.empty()) {
            file.resize(14 + 56);
            put(file, 0x4d42'4544);
            file.resize(14 + 112);
            put(file, static_cast<std::uint32_t>(palette_at - 14 + palette.size() * 4 + pixels.size()));
            put(file, static_cast<std::uint32_t>(profile.size()));
        }
        file.resize(palette_at);
        for (const std::uint32_t colour : palette) put(file, colour);
        put(file, pixels);
        put(file, profile);
        return file;
    }
};

std::vector<int> samples_of(const Bmp& bmp) {
    const Bytes file = bmp.bytes();
    EXPECT_TRUE(inspect(file, {}));
    const auto picture = read_bmp(file);
    if (!picture) {
        ADD_FAILURE() << picture.error().log_text;
        return {};
    }
    std::vector<int> samples;
    for (const std::byte sample : picture->samples) samples.push_back(std::to_integer<int>(sample));
    return samples;
}

ErrorCode refusal(const Bmp& bmp) {
    const auto picture = read_bmp(bmp.bytes());
    return picture ? ErrorCode::internal : picture.error().code;
}

using Samples = std::vector<int>;

TEST(Bmp, RowsComeFromTheBottomUnlessTheHeightIsNegative) {
    const Bytes pixels = test::bytes_of("\x01\x02\x03\x04\x05\x06\0\0\x07\x08\x09\x0a\x0b\x0c\0\0"sv);
    EXPECT_EQ(samples_of({.pixels = pixels}), (Samples{9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4}));
    EXPECT_EQ(samples_of({.height = -2, .pixels = pixels}), (Samples{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}));
}

TEST(Bmp, PalettesOfEveryDepth) {
    const std::vector<std::uint32_t> two{0x102030, 0xff0000};
    EXPECT_EQ(
        samples_of(
            {.width = 3, .height = 1, .bits = 1, .palette = two, .pixels = test::bytes_of("\xa0\0\0\0"sv)}),
        (Samples{255, 0, 0, 16, 32, 48, 255, 0, 0}));
    EXPECT_EQ(
        samples_of(
            {.width = 3, .height = 1, .bits = 4, .palette = two, .pixels = test::bytes_of("\x01\x10\0\0"sv)}),
        (Samples{16, 32, 48, 255, 0, 0, 255, 0, 0}));
    EXPECT_EQ(
        samples_of(
            {.width = 2, .height = 1, .bits = 8, .palette = two, .pixels = test::bytes_of("\x01\x00\0\0"sv)}),
        (Samples{255, 0, 0, 16, 32, 48}));
}

TEST(Bmp, AGreyPaletteMakesAGreyPicture) {
    const Bmp grey{.width = 2,
                   .height = 1,
                   .bits = 1,
                   .palette = {0x000000, 0xffffff},
                   .pixels = test::bytes_of("\x40\0\0\0"sv)};
    EXPECT_EQ(inspect(grey.bytes(), {})->colour_space, ColourSpace::grey);
    EXPECT_EQ(samples_of(grey), (Samples{0, 255}));
}

TEST(Bmp, SixteenAndThirtyTwoBits) {
    // 5-5-5 when nothing is said: white, red.
    EXPECT_EQ(
        samples_of({.width = 2, .height = 1, .bits = 16, .pixels = test::bytes_of("\xff\x7f\x00\x7c"sv)}),
        (Samples{255, 255, 255, 255, 0, 0}));
    // 5-6-5 by masks: green.
    EXPECT_EQ(samples_of({.width = 1,
                          .height = 1,
                          .bits = 16,
                          .compression = 3,
                          .masks = {0xf800, 0x07e0, 0x001f},
                          .pixels = test::bytes_of("\xe0\x07\0\0"sv)}),
              (Samples{0, 255, 0}));
    // The fourth byte is nothing when no mask names it.
    EXPECT_EQ(
        samples_of({.width = 1, .height = 1, .bits = 32, .pixels = test::bytes_of("\x01\x02\x03\x04"sv)}),
        (Samples{3, 2, 1}));
    // 10 bits each: all, half, none.
    EXPECT_EQ(samples_of({.width = 1,
                          .height = 1,
                          .bits = 32,
                          .compression = 3,
                          .masks = {0x3ff0'0000, 0x000f'fc00, 0x0000'03ff},
                          .pixels = test::bytes_of("\x00\x00\xf8\x3f"sv)}),
              (Samples{255, 128, 0}));
}

TEST(Bmp, AlphaCountsWhereAMaskNamesIt) {
    Bmp bmp{.width = 2,
            .height = 1,
            .bits = 32,
            .compression = 3,
            .masks = {0xff0000, 0xff00, 0xff, 0xff000000},
            .pixels = test::bytes_of("\x01\x02\x03\x80\x04\x05\x06\x00"sv),
            .header_bytes = 108};
    EXPECT_TRUE(inspect(bmp.bytes(), {})->has_alpha);
    EXPECT_EQ(samples_of(bmp), (Samples{3, 2, 1, 128, 6, 5, 4, 0}));
    // Nothing that could be seen: the writer left the alpha alone.
    bmp.pixels[3] = std::byte{0};
    EXPECT_EQ(samples_of(bmp), (Samples{3, 2, 1, 255, 6, 5, 4, 255}));
}

TEST(Bmp, RunsOfBytes) {
    const std::vector<std::uint32_t> palette{0x000000, 0xff0000, 0x00ff00};
    // Two of colour 1, the end of the row; one skipped, a literal of colour 2 (three bytes padded to four).
    const Bytes runs = test::bytes_of(
        "\x02\x01\0\0"
        "\0\x02\x01\0"
        "\0\x03\x02\x01\x02\0"
        "\0\x01"sv);
    EXPECT_EQ(samples_of(
                  {.width = 4, .height = 2, .bits = 8, .compression = 1, .palette = palette, .pixels = runs}),
              (Samples{0,   0, 0, 0,   255, 0, 255, 0, 0, 0, 255, 0,  // the upper row
                       255, 0, 0, 255, 0,   0, 0,   0, 0, 0, 0,   0}));
}

TEST(Bmp, RunsOfHalves) {
    const std::vector<std::uint32_t> palette{0x000000, 0xff0000, 0x00ff00};
    EXPECT_EQ(samples_of({.width = 5,
                          .height = 1,
                          .bits = 4,
                          .compression = 2,
                          .palette = palette,
                          .pixels = test::bytes_of("\x02\x12"
                                                   "\0\x03\x21\x20"
                                                   "\0\x01"sv)}),
              (Samples{255, 0, 0, 0, 255, 0, 0, 255, 0, 255, 0, 0, 0, 255, 0}));
}

TEST(Bmp, RunsStayInsideThePicture) {
    const auto runs = [](std::string_view bytes) {
        return refusal({.width = 3,
                        .height = 1,
                        .bits = 8,
                        .compression = 1,
                        .palette = std::vector<std::uint32_t>(256),
                        .pixels = test::bytes_of(bytes)});
    };
    EXPECT_EQ(runs("\x03\x01\0\x01"sv), ErrorCode::internal);  // taken
    EXPECT_EQ(runs("\x03\x01"sv), ErrorCode::internal);        // complete without its end
    EXPECT_EQ(runs("\x04\x01\0\x01"sv), ErrorCode::invalid_image);
    EXPECT_EQ(runs("\0\x04\x01\x01\x01\x01\0\x01"sv), ErrorCode::invalid_image);
    EXPECT_EQ(runs("\0\0\x01\x01\0\x01"sv), ErrorCode::invalid_image);  // below the last row
    EXPECT_EQ(runs("\0\x02\x04\0\0\x01"sv), ErrorCode::invalid_image);  // a move to the right of it
    EXPECT_EQ(runs("\0\x02\0\xff\0\x01"sv), ErrorCode::invalid_image);  // a move above it
    EXPECT_EQ(runs("\x02\x01"sv), ErrorCode::invalid_image);            // ends in a row
    EXPECT_EQ(runs("\0\x03\x01"sv), ErrorCode::invalid_image);          // ends in a literal
    EXPECT_EQ(runs("\0\x02\x01"sv), ErrorCode::invalid_image);          // ends in a move
}

TEST(Bmp, RefusesBrokenHeaders) {
    const Bytes pixels(16);
    const auto two = std::vector<std::uint32_t>(2);
    EXPECT_EQ(refusal({.width = 0, .pixels = pixels}), ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.width = -2, .pixels = pixels}), ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.height = 0, .pixels = pixels}), ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.bits = 2, .palette = two, .pixels = pixels}), ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.bits = 24, .pixels = Bytes(13)}), ErrorCode::invalid_image);  // a row and a half
    EXPECT_EQ(refusal({.width = 0x7fff'ffff, .height = -0x7fff'ffff - 1, .bits = 32, .pixels = pixels}),
              ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.bits = 24, .compression = 1, .pixels = pixels}), ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.height = -2, .bits = 8, .compression = 1, .palette = two, .pixels = pixels}),
              ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.compression = 4, .pixels = pixels}), ErrorCode::unsupported_image);  // JPEG inside
    EXPECT_EQ(refusal({.bits = 8, .palette = two, .pixels = pixels, .colours_used = 0xffff'ffff}),
              ErrorCode::invalid_image);
    EXPECT_EQ(refusal({.bits = 8, .palette = two, .pixels = Bytes(16, std::byte{2})}),
              ErrorCode::invalid_image);  // the third of two colours
    const auto masked = [&](std::vector<std::uint32_t> masks) {
        return refusal({.bits = 16, .compression = 3, .masks = std::move(masks), .pixels = pixels});
    };
    EXPECT_EQ(masked({0xf800, 0x07e0, 0x001f}), ErrorCode::internal);            // taken
    EXPECT_EQ(masked({0xf800, 0x0fe0, 0x001f}), ErrorCode::invalid_image);       // overlap
    EXPECT_EQ(masked({0xa800, 0x07e0, 0x001f}), ErrorCode::invalid_image);       // a gap
    EXPECT_EQ(masked({0x00f8'0000, 0x07e0, 0x001f}), ErrorCode::invalid_image);  // beyond 16 bits
}

TEST(Bmp, LimitsHoldBeforeAnyMemoryIsTaken) {
    const Bmp huge{.width = 16'000,
                   .height = 16'000,
                   .bits = 8,
                   .compression = 1,
                   .palette = std::vector<std::uint32_t>(2),
                   .pixels = test::bytes_of("\0\x01"sv)};
    EXPECT_EQ(inspect(huge.bytes(), {}).error().code, ErrorCode::image_too_large);
}

TEST(Bmp, AnEmbeddedProfileIsKept) {
    const Bytes profile = test::bytes_of("a profile");
    const auto picture = read_bmp(
        Bmp{.width = 1, .height = 1, .bits = 24, .pixels = Bytes(4), .header_bytes = 124, .profile = profile}
            .bytes());
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->icc_profile, profile);
}

TEST(Bmp, BecomesAPng) {
    ASSERT_TRUE(initialise_codecs());
    const Transform same;
    const auto results = test::rendered(test::sample_file(Format::bmp, 40, 30), std::span(&same, 1), {}, {});
    ASSERT_TRUE(results);
    ASSERT_TRUE(results->front());
    EXPECT_EQ(results->front()->format, Format::png);
    EXPECT_EQ(test::decoded(results->front()->bytes).samples, test::sample_pixels(40, 30, 3).samples);
}

TEST(Bmp, EveryMutationIsDecidedInsideTheBytes) {
    const std::vector<std::uint32_t> palette{0x000000, 0xff0000, 0x00ff00};
    const Bytes files[] = {
        Bmp{.width = 4,
            .height = 2,
            .bits = 8,
            .compression = 1,
            .palette = palette,
            .pixels = test::bytes_of("\x02\x01\0\0\0\x02\x01\0\0\x03\x02\x01\x02\0\0\x01"sv)}
            .bytes(),
        Bmp{.width = 5,
            .height = 1,
            .bits = 4,
            .compression = 2,
            .palette = palette,
            .pixels = test::bytes_of("\x02\x12\0\x03\x21\x20\0\x01"sv)}
            .bytes(),
        test::sample_file(Format::bmp, 9, 7, 4)};
    std::mt19937 random(20261125);
    int taken = 0;
    for (const Bytes& file : files) {
        for (int round = 0; round < 20'000; ++round) {
            Bytes changed = file;
            for (unsigned i = 0; i <= random() % 4; ++i)
                changed[random() % changed.size()] = static_cast<std::byte>(random() & 0xff);
            changed.resize(changed.size() - (random() % 8 == 0 ? random() % changed.size() : 0));
            if (!inspect(changed, {.pixels_max = 100'000})) continue;
            const auto picture = read_bmp(changed);
            if (!picture) continue;
            ++taken;
            EXPECT_EQ(picture->samples.size(),
                      std::size_t{picture->width_px} * picture->height_px * picture->channels);
        }
    }
    EXPECT_GT(taken, 1'000);
}

}  // namespace
}  // namespace safelight
