// What transforms do to the pixels of whole files, with numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "imaging/imaging.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

class Transforms : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    /// The pixels of `file` after `transform` (JSON), by way of a lossless format.
    static Pixels made(const Bytes& file, std::string_view json) {
        auto transform = parse_transform(json);
        EXPECT_TRUE(transform) << json;
        if (!transform) return {};
        transform->format = Format::png;
        const auto results = test::rendered(file, std::span(&*transform, 1), {}, {});
        EXPECT_TRUE(results && results->front()) << json;
        if (!results || !results->front()) return {};
        return test::decoded(results->front()->bytes);
    }
};

/// The part of a picture that is `width` × `height` pixels from (x, y) on.
Pixels part_of(const Pixels& whole, std::uint32_t x, std::uint32_t y, std::uint32_t width,
               std::uint32_t height) {
    Pixels part(width, height, whole.channels);
    for (std::uint32_t row = 0; row < height; ++row) {
        const std::uint8_t* from = whole.row(y + row) + std::size_t{x} * whole.channels;
        std::copy_n(from, part.row_bytes(), part.row(row));
    }
    return part;
}

TEST_F(Transforms, GravityKeepsItsSideWhateverTheOrientation) {
    const Pixels whole = test::sample_pixels(80, 60, 3);
    for (int i = 1; i <= 8; ++i) {
        const Bytes file = test::oriented_jpeg(static_cast<Orientation>(i), 80, 60);
        const auto kept = [&](std::string_view gravity) {
            return made(file, R"({"resize":{"width":60,"height":60,"fit":"cover","gravity":")" +
                                  std::string(gravity) + R"("}})");
        };
        EXPECT_LT(test::mean_difference(kept("west"), part_of(whole, 0, 0, 60, 60)), 3) << i;
        EXPECT_LT(test::mean_difference(kept("centre"), part_of(whole, 10, 0, 60, 60)), 3) << i;
        EXPECT_LT(test::mean_difference(kept("north-east"), part_of(whole, 20, 0, 60, 60)), 3) << i;
        EXPECT_GT(test::mean_difference(kept("west"), kept("east")), 8) << i;
    }
}

TEST_F(Transforms, ContainFillsTheRestOfTheBox) {
    const Bytes file = test::sample_file(Format::png, 80, 60);
    const Pixels out = made(file, R"({"resize":{"width":40,"height":40,"fit":"contain","gravity":"south"}})");
    ASSERT_EQ(out.width_px, 40U);
    ASSERT_EQ(out.height_px, 40U);
    EXPECT_EQ(part_of(out, 0, 0, 40, 10).samples, std::vector<std::uint8_t>(40 * 10 * 3, 255));
    EXPECT_LT(test::mean_difference(part_of(out, 0, 10, 40, 30), test::sample_pixels(40, 30, 3)), 2);
}

TEST_F(Transforms, ContainIsTransparentAroundAPictureWithAlpha) {
    const Bytes file = test::sample_file(Format::png, 80, 60, 4);
    const Pixels out = made(file, R"({"resize":{"width":40,"height":40,"fit":"contain"}})");
    ASSERT_EQ(out.channels, 4U);
    EXPECT_EQ(out.row(0)[3], 0);
    EXPECT_EQ(out.row(39)[3], 0);
    EXPECT_GT(out.row(20)[3], 50);
}

TEST_F(Transforms, DprAndLongestSideSetTheSize) {
    const Bytes file = test::sample_file(Format::jpeg, 320, 240);
    const Pixels out = made(file, R"({"resize":{"longest_side":40,"dpr":1.5}})");
    EXPECT_EQ(out.width_px, 60U);
    EXPECT_EQ(out.height_px, 45U);
    EXPECT_LT(test::mean_difference(out, test::sample_pixels(60, 45, 3)), 2);
}

TEST_F(Transforms, ACropAloneCopiesItsPixels) {
    for (const std::uint32_t channels : {1U, 3U, 4U}) {
        const Bytes file = test::sample_file(Format::png, 80, 60, channels);
        const Pixels out = made(file, R"({"crop":{"x":11,"y":7,"width":30,"height":20}})");
        EXPECT_EQ(out.samples, part_of(test::sample_pixels(80, 60, channels), 11, 7, 30, 20).samples);
    }
}

TEST_F(Transforms, ACropIsOfTheUprightPictureWhateverTheOrientation) {
    const Pixels whole = test::sample_pixels(80, 60, 3);
    for (int i = 1; i <= 8; ++i) {
        const Bytes file = test::oriented_jpeg(static_cast<Orientation>(i), 80, 60);
        const Pixels same = made(file, R"({"crop":{"x":5,"y":30,"width":40,"height":20}})");
        EXPECT_LT(test::mean_difference(same, part_of(whole, 5, 30, 40, 20)), 3) << i;
        const Pixels small =
            made(file, R"({"crop":{"x":40,"y":0,"width":40,"height":60},"resize":{"width":20}})");
        EXPECT_LT(test::mean_difference(small, part_of(test::sample_pixels(40, 30, 3), 20, 0, 20, 30)), 3)
            << i;
    }
}

TEST_F(Transforms, ACropOfALargeJpegIsShrunkWhileDecoding) {
    const Bytes file = test::sample_file(Format::jpeg, 640, 480);
    const Pixels out =
        made(file, R"({"crop":{"x":320,"y":240,"width":320,"height":240},"resize":{"width":40}})");
    EXPECT_LT(test::mean_difference(out, part_of(test::sample_pixels(80, 60, 3), 40, 30, 40, 30)), 2);
}

TEST_F(Transforms, ACropOutsideFailsAlone) {
    const Bytes file = test::sample_file(Format::png, 80, 60);
    const std::array transforms{Transform{.crop = Crop{80, 0, 1, 1}}, Transform{.crop = Crop{79, 59, 9, 9}}};
    const auto results = test::rendered(file, transforms, {}, {});
    ASSERT_TRUE(results);
    ASSERT_FALSE((*results)[0]);
    EXPECT_EQ((*results)[0].error().code, ErrorCode::unsupported_transform);
    ASSERT_TRUE((*results)[1]);
    EXPECT_EQ((*results)[1]->width_px, 1U);
}

TEST_F(Transforms, RotationFollowsTheOrientation) {
    const Pixels upright = test::sample_pixels(80, 60, 3);
    for (int i = 1; i <= 8; ++i) {
        const Bytes file = test::oriented_jpeg(static_cast<Orientation>(i), 80, 60);
        const Pixels out = made(file, R"({"rotate":90})");
        ASSERT_EQ(out.width_px, 60U);
        ASSERT_EQ(out.height_px, 80U);
        double difference = 0;
        for (std::uint32_t y = 0; y < 60; ++y) {
            for (std::uint32_t x = 0; x < 80; ++x) {
                // Clockwise: a row from the top becomes a column from the right.
                for (std::size_t c = 0; c < 3; ++c) {
                    difference +=
                        std::abs(upright.row(y)[x * 3 + c] - out.row(x)[(59 - y) * std::size_t{3} + c]);
                }
            }
        }
        EXPECT_LT(difference / (80 * 60 * 3), 3) << i;
    }
}

TEST_F(Transforms, TheBoxIsThatOfTheRotatedPicture) {
    const Bytes file = test::sample_file(Format::jpeg, 80, 60);
    const Pixels out = made(file, R"({"rotate":270,"resize":{"width":30}})");
    EXPECT_EQ(out.width_px, 30U);
    EXPECT_EQ(out.height_px, 40U);
}

TEST_F(Transforms, FlipMirrors) {
    const Bytes file = test::sample_file(Format::png, 9, 5);
    const Pixels whole = test::sample_pixels(9, 5, 3);
    const Pixels sideways = made(file, R"({"flip":"horizontal"})");
    const Pixels upside_down = made(file, R"({"flip":"vertical"})");
    for (std::uint32_t y = 0; y < 5; ++y) {
        for (std::size_t x = 0; x < 9; ++x) {
            for (std::size_t c = 0; c < 3; ++c) {
                EXPECT_EQ(sideways.row(y)[x * 3 + c], whole.row(y)[(8 - x) * 3 + c]);
                EXPECT_EQ(upside_down.row(y)[x * 3 + c], whole.row(4 - y)[x * 3 + c]);
            }
        }
    }
}

TEST_F(Transforms, PadAndBackgroundSurroundThePicture) {
    const Bytes file = test::sample_file(Format::png, 9, 5);
    const Pixels out =
        made(file, R"({"pad":{"top":1,"right":2,"bottom":3,"left":4},"background":"#102030"})");
    ASSERT_EQ(out.width_px, 15U);
    ASSERT_EQ(out.height_px, 9U);
    EXPECT_EQ(part_of(out, 4, 1, 9, 5).samples, test::sample_pixels(9, 5, 3).samples);
    for (const auto& [x, y] : {std::pair{0U, 0U}, {14U, 0U}, {3U, 4U}, {13U, 4U}, {5U, 6U}, {14U, 8U}}) {
        EXPECT_EQ(part_of(out, x, y, 1, 1).samples, (std::vector<std::uint8_t>{0x10, 0x20, 0x30}));
    }
}

TEST_F(Transforms, ABackgroundTakesTheAlphaAway) {
    const Bytes file = test::sample_file(Format::png, 9, 5, 4);
    const Pixels source = test::sample_pixels(9, 5, 4);
    const Pixels out = made(file, R"({"background":"#000000"})");
    ASSERT_EQ(out.channels, 3U);
    for (std::size_t i = 0; i < 45; ++i) {
        EXPECT_NEAR(out.samples[3 * i], source.samples[4 * i] * source.samples[4 * i + 3] / 255.0, 0.51);
    }
    EXPECT_EQ(made(file, "{}").channels, 4U);
}

TEST_F(Transforms, ColourIsChangedBeforeThePictureIsPadded) {
    const Bytes file = test::sample_file(Format::png, 9, 5);
    const Pixels out =
        made(file, R"({"greyscale":true,"brightness":0,"pad":{"top":1},"background":"#ff0000"})");
    ASSERT_EQ(out.channels, 3U);
    EXPECT_EQ(part_of(out, 0, 0, 1, 1).samples, (std::vector<std::uint8_t>{255, 0, 0}));
    EXPECT_EQ(part_of(out, 0, 1, 9, 5).samples, std::vector<std::uint8_t>(9 * 5 * 3, 0));
}

TEST_F(Transforms, GreyscaleIsOneChannel) {
    const Pixels out = made(test::sample_file(Format::jpeg, 80, 60), R"({"greyscale":true})");
    EXPECT_EQ(out.channels, 1U);
}

TEST_F(Transforms, BlurIsOfTheResizedPicture) {
    // 8 × 8 squares in black and white are grey of half the light after a wide blur, and still squares after
    // a narrow one.
    Pixels board(160, 160, 1);
    for (std::uint32_t y = 0; y < 160; ++y) {
        for (std::uint32_t x = 0; x < 160; ++x) board.row(y)[x] = (x / 8 + y / 8) % 2 == 0 ? 0 : 255;
    }
    Bytes rows;
    for (std::uint32_t y = 0; y < 160; ++y) {
        rows.push_back(std::byte{0});
        for (std::uint32_t x = 0; x < 160; ++x) rows.push_back(std::byte{board.row(y)[x]});
    }
    const Bytes file = test::png_of(160, 160, 8, 0, rows);
    const Pixels wide = made(file, R"({"blur":20})");
    for (std::uint32_t y = 60; y < 100; ++y) EXPECT_NEAR(wide.row(y)[80], 188, 2);
    const Pixels narrow = made(file, R"({"blur":0.5})");
    EXPECT_EQ(narrow.row(84)[84], 0);
    EXPECT_EQ(narrow.row(84)[92], 255);
    const Pixels sharp = made(file, R"({"sharpen":1})");
    EXPECT_EQ(sharp.samples, board.samples);
}

}  // namespace
}  // namespace safelight
