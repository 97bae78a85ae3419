#include "imaging/graphics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "imaging/encode.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

/// A disc on a ground, with an edge of mixed pixels as drawing programs make it.
Pixels drawing(std::uint32_t channels) {
    Pixels pixels(160, 120, channels);
    for (std::uint32_t y = 0; y < 120; ++y) {
        for (std::uint32_t x = 0; x < 160; ++x) {
            const double inside = std::clamp(40.5 - std::hypot(x - 80.0, y - 60.0), 0.0, 1.0);
            std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * channels;
            for (std::uint32_t c = 0; c < channels; ++c)
                pixel[c] = static_cast<std::uint8_t>(std::lround(inside * (200.0 - 40.0 * c)));
        }
    }
    return pixels;
}

/// A smooth picture with the noise of a sensor.
Pixels photograph(std::uint32_t channels) {
    Pixels pixels = test::sample_pixels(160, 120, channels);
    std::uint32_t state = 7;
    for (std::uint8_t& sample : pixels.samples) {
        state = state * 1664525 + 1013904223;
        sample = static_cast<std::uint8_t>(sample ^ (state >> 29));
    }
    return pixels;
}

/// VP8L is lossless, VP8 is not.
bool is_lossless(const std::vector<std::byte>& webp) {
    return test::contains(webp, "VP8L");
}

TEST(Graphics, AreToldFromPhotographs) {
    for (const std::uint32_t channels : {1U, 2U, 3U, 4U}) {
        EXPECT_TRUE(looks_like_graphics(drawing(channels))) << channels;
        EXPECT_FALSE(looks_like_graphics(photograph(channels))) << channels;
    }
    EXPECT_FALSE(looks_like_graphics(Pixels(1, 1, 3)));
    EXPECT_TRUE(looks_like_graphics(Pixels(2, 1, 3)));
}

class AutomaticFormat : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static EncodedPicture made(const Pixels& pixels, Transform transform = {}) {
        transform.automatic_format = true;
        const ImageFacts facts{.has_alpha = has_alpha(pixels.channels)};
        auto picture = encode(pixels, *output_format(transform, facts), transform, {});
        EXPECT_TRUE(picture);
        return picture ? *std::move(picture) : EncodedPicture{};
    }
};

TEST_F(AutomaticFormat, PhotographsAreLossyWebp) {
    for (const std::uint32_t channels : {1U, 3U}) {
        const EncodedPicture picture = made(photograph(channels));
        EXPECT_EQ(picture.format, Format::webp);
        EXPECT_FALSE(is_lossless(picture.bytes));
        EXPECT_EQ(picture.bytes, encode(photograph(channels), Format::webp, {}, {})->bytes);
    }
}

TEST_F(AutomaticFormat, DrawingsAreLosslessWhenThatIsSmaller) {
    for (const std::uint32_t channels : {3U, 4U}) {
        const EncodedPicture picture = made(drawing(channels));
        EXPECT_EQ(picture.format, Format::webp);
        EXPECT_TRUE(is_lossless(picture.bytes));
        EXPECT_LE(picture.bytes.size(), encode(drawing(channels), Format::webp, {}, {})->bytes.size());
        if (channels == 3) EXPECT_EQ(test::decoded(picture.bytes).samples, drawing(channels).samples);
    }
    // With so little quality left, lossy is smaller.
    EXPECT_FALSE(is_lossless(made(drawing(3), {.quality = std::uint8_t{1}}).bytes));
}

TEST_F(AutomaticFormat, IsSmallerThanTheOriginalsFormats) {
    EXPECT_LT(made(photograph(3)).bytes.size(), encode(photograph(3), Format::jpeg, {}, {})->bytes.size());
    EXPECT_LT(made(drawing(4)).bytes.size(), encode(drawing(4), Format::png, {}, {})->bytes.size());
}

TEST_F(AutomaticFormat, GivesTheSameBytesTwice) {
    EXPECT_EQ(made(photograph(3)).bytes, made(photograph(3)).bytes);
    EXPECT_EQ(made(drawing(4)).bytes, made(drawing(4)).bytes);
}

TEST_F(AutomaticFormat, KeepsToABudget) {
    const std::size_t drawn = made(drawing(3)).bytes.size();
    EXPECT_EQ(made(drawing(3), {.max_bytes = static_cast<std::uint32_t>(drawn)}).bytes.size(), drawn);
    const auto less = static_cast<std::uint32_t>(drawn - 1);
    const EncodedPicture lowered = made(drawing(3), {.max_bytes = less});
    EXPECT_LE(lowered.bytes.size(), less);
    EXPECT_FALSE(is_lossless(lowered.bytes));
    const std::size_t shot = made(photograph(3)).bytes.size();
    const auto half = static_cast<std::uint32_t>(shot / 2);
    EXPECT_LE(made(photograph(3), {.max_bytes = half}).bytes.size(), half);
}

TEST_F(AutomaticFormat, WhatWebpHasNoRoomForIsPngOrJpeg) {
    EXPECT_EQ(made(Pixels(16'384, 1, 3)).format, Format::jpeg);
    EXPECT_EQ(made(Pixels(1, 16'384, 4)).format, Format::png);
    EXPECT_EQ(made(Pixels(16'383, 1, 3)).format, Format::webp);
}

TEST_F(AutomaticFormat, OfAFileIsWhatTheFileIsStoredAs) {
    for (const Format source : {Format::jpeg, Format::png, Format::gif, Format::tiff}) {
        const auto file = test::sample_file(source, 80, 60);
        const Transform transform{.automatic_format = true};
        const auto pictures = test::rendered(file, std::span(&transform, 1), {}, {});
        ASSERT_TRUE(pictures && pictures->front()) << name_of(source);
        EXPECT_EQ(pictures->front()->format, Format::webp);
        EXPECT_EQ(sniff(pictures->front()->bytes), Format::webp);
    }
}

}  // namespace
}  // namespace safelight
