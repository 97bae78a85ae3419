#include "imaging/round_corners.h"

#include <gtest/gtest.h>

#include <numbers>

#include "imaging/test_pictures.h"

namespace safelight {
namespace {

double opaque_area(const Pixels& pixels) {
    double sum = 0;
    for (std::size_t i = pixels.channels - 1; i < pixels.samples.size(); i += pixels.channels) {
        sum += pixels.samples[i] / 255.0;
    }
    return sum;
}

TEST(RoundCorners, TakeAwayWhatLiesOutsideOfTheCircles) {
    for (const std::uint32_t radius : {1U, 5U, 20U, 40U}) {
        const Pixels out = round_corners(test::sample_pixels(120, 81, 3), radius);
        const double lost = (4 - std::numbers::pi) * radius * radius;
        EXPECT_NEAR(opaque_area(out), 120 * 81 - lost, 0.01 * radius + 0.05) << radius;
    }
}

TEST(RoundCorners, ASquareBecomesADisc) {
    for (const std::uint32_t side : {40U, 41U}) {
        const Pixels out = round_corners(test::sample_pixels(side, side, 3), 16'383);
        EXPECT_NEAR(opaque_area(out), std::numbers::pi / 4 * side * side, 0.5) << side;
        EXPECT_EQ(out.row(0)[3], 0);
        EXPECT_EQ(out.row(side / 2)[side / 2 * std::size_t{4} + 3], 255);
    }
}

TEST(RoundCorners, AreTheSameInAllFourCorners) {
    const Pixels out = round_corners(test::sample_pixels(31, 22, 3), 9);
    for (std::uint32_t y = 0; y < 22; ++y) {
        for (std::size_t x = 0; x < 31; ++x) {
            EXPECT_EQ(out.row(y)[x * 4 + 3], out.row(21 - y)[(30 - x) * 4 + 3]);
            EXPECT_EQ(out.row(y)[x * 4 + 3], out.row(y)[(30 - x) * 4 + 3]);
        }
    }
}

TEST(RoundCorners, MultiplyTheAlphaThatIsThereAndLeaveTheColours) {
    Pixels pixels(20, 20, 2);
    for (std::size_t i = 0; i < 400; ++i) {
        pixels.samples[2 * i] = 90;
        pixels.samples[2 * i + 1] = 100;
    }
    const Pixels out = round_corners(pixels, 10);
    EXPECT_EQ(out.channels, 2U);
    EXPECT_NEAR(opaque_area(out), std::numbers::pi * 100 * 100 / 255, 0.5);
    for (std::size_t i = 0; i < 400; ++i) EXPECT_EQ(out.samples[2 * i], 90);
}

TEST(RoundCorners, OfOnePixelAreADiscOfOnePixel) {
    Pixels pixels(1, 1, 1);
    pixels.samples = {50};
    const Pixels out = round_corners(pixels, 3);
    EXPECT_EQ(out.channels, 2U);
    EXPECT_NEAR(out.samples[1], 255 * std::numbers::pi / 4, 8);
    const Pixels thin = round_corners(test::sample_pixels(1, 5'000, 3), 100);
    EXPECT_NEAR(opaque_area(thin), 5'000 - (4 - std::numbers::pi) / 4, 0.05);
}

TEST(RoundCorners, OfNoRadiusChangeNothing) {
    const Pixels picture = test::sample_pixels(9, 5, 3);
    const Pixels out = round_corners(picture, 0);
    EXPECT_EQ(out.channels, 3U);
    EXPECT_EQ(out.samples, picture.samples);
}

}  // namespace
}  // namespace safelight
