#include "imaging/rotate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "imaging/orient.h"
#include "imaging/resample/light.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

Pixels uniform(std::uint32_t width, std::uint32_t height, std::vector<std::uint8_t> colour) {
    Pixels pixels(width, height, static_cast<std::uint32_t>(colour.size()));
    for (std::size_t i = 0; i < pixels.samples.size(); ++i) pixels.samples[i] = colour[i % colour.size()];
    return pixels;
}

double opaque_area(const Pixels& pixels) {
    double sum = 0;
    for (std::size_t i = pixels.channels - 1; i < pixels.samples.size(); i += pixels.channels) {
        sum += pixels.samples[i] / 255.0;
    }
    return sum;
}

Pixels turned(const Pixels& pixels, double degrees) {
    auto result = rotate(pixels, {static_cast<std::uint32_t>(std::lround(degrees * 100))}, {});
    EXPECT_TRUE(result);
    return result ? *result : Pixels();
}

TEST(Rotate, TheCanvasHoldsTheWholePicture) {
    // 100·cos 30° + 50·sin 30° = 111.6, 100·sin 30° + 50·cos 30° = 93.3.
    const Sides sides = rotated_sides(100, 50, {3'000});
    EXPECT_EQ(sides.width, 112);
    EXPECT_EQ(sides.height, 94);
    const Sides square = rotated_sides(100, 100, {9'000});
    EXPECT_EQ(square.width, 100);
    EXPECT_EQ(square.height, 100);
    for (const double degrees : {0.01, 17.0, 45.0, 123.45, 300.0}) {
        const Pixels out = turned(uniform(100, 60, {200, 10, 90}), degrees);
        EXPECT_NEAR(opaque_area(out), 100 * 60, 15) << degrees;
    }
}

TEST(Rotate, AFlatColourStaysAsItIsUpToItsEdges) {
    for (const std::vector<std::uint8_t>& colour :
         {std::vector<std::uint8_t>{77}, {200, 10, 90}, {0, 0, 0}, {255, 255, 255}}) {
        const Pixels out = turned(uniform(40, 30, colour), 33);
        ASSERT_EQ(out.channels, colour.size() + 1);
        for (std::size_t i = 0; i < out.samples.size(); i += out.channels) {
            if (out.samples[i + colour.size()] == 0) continue;
            for (std::size_t c = 0; c < colour.size(); ++c) EXPECT_NEAR(out.samples[i + c], colour[c], 1);
        }
    }
}

TEST(Rotate, GoesClockwise) {
    const Pixels picture = test::sample_pixels(60, 40, 3);
    const Pixels quarter = orient(picture, Orientation::turned_90);
    const Pixels out = turned(picture, 90);
    ASSERT_EQ(out.width_px, 40U);
    ASSERT_EQ(out.height_px, 60U);
    for (std::uint32_t y = 2; y < 58; ++y) {
        for (std::size_t x = 2; x < 38; ++x) {
            for (std::size_t c = 0; c < 3; ++c) {
                EXPECT_NEAR(out.row(y)[x * 4 + c], quarter.row(y)[x * 3 + c], 1);
            }
        }
    }
}

TEST(Rotate, PointsGoWithThePicture) {
    // A white dot of 3 × 3 on black: its light's centre is where the point is said to be.
    Pixels picture = uniform(80, 50, {0});
    for (std::uint32_t y = 9; y < 12; ++y) {
        for (std::uint32_t x = 59; x < 62; ++x) picture.row(y)[x] = 255;
    }
    const Pixels out = turned(picture, 25);
    double sum = 0;
    Point centre;
    for (std::uint32_t y = 0; y < out.height_px; ++y) {
        for (std::uint32_t x = 0; x < out.width_px; ++x) {
            const double light = light_of_srgb()[out.row(y)[2 * x]];
            sum += light;
            centre.x += light * (x + 0.5);
            centre.y += light * (y + 0.5);
        }
    }
    EXPECT_NEAR(sum / light_one, 9, 0.2);
    const Point expected = rotated_point({60.5, 10.5}, 80, 50, {2'500});
    EXPECT_NEAR(centre.x / sum, expected.x, 0.05);
    EXPECT_NEAR(centre.y / sum, expected.y, 0.05);
}

TEST(Rotate, ACheckerboardKeepsItsMeanLight) {
    Pixels board(64, 64, 1);
    for (std::uint32_t y = 0; y < 64; ++y) {
        for (std::uint32_t x = 0; x < 64; ++x) board.row(y)[x] = (x + y) % 2 == 0 ? 0 : 255;
    }
    const Pixels out = turned(board, 45);
    double light = 0;
    double area = 0;
    for (std::uint32_t y = 30; y < 60; ++y) {
        for (std::uint32_t x = 30; x < 60; ++x) {
            light += light_of_srgb()[out.row(y)[2 * x]];
            area += 1;
        }
    }
    EXPECT_NEAR(light / area / light_one, 0.5, 0.02);
}

TEST(Rotate, TransparentColoursDoNotBleed) {
    // Left half opaque white, right half transparent black: no grey appears.
    Pixels picture(40, 40, 4);
    for (std::uint32_t y = 0; y < 40; ++y) {
        for (std::uint32_t x = 0; x < 20; ++x) std::fill_n(picture.row(y) + std::size_t{x} * 4, 4, 255);
    }
    const Pixels out = turned(picture, 20);
    EXPECT_NEAR(opaque_area(out), 800, 8);
    for (std::size_t i = 0; i < out.samples.size(); i += 4) {
        if (out.samples[i + 3] > 0) EXPECT_EQ(out.samples[i], 255);
    }
}

TEST(Rotate, OnePixelAndALineAreNoSpecialCase) {
    const Pixels dot = turned(uniform(1, 1, {40, 50, 60}), 45);
    EXPECT_EQ(dot.width_px, 2U);
    EXPECT_EQ(dot.height_px, 2U);
    EXPECT_GT(dot.samples[3], 0);
    const Pixels line = turned(uniform(1, 2'000, {255}), 90.5);
    EXPECT_EQ(line.width_px, 2'000U);
    // Nothing is less than transparent: what the kernel takes away beside a line is missing from the sum.
    EXPECT_NEAR(opaque_area(line), 2'000, 200);
}

TEST(Rotate, CanBeCalledOff) {
    const auto result = rotate(uniform(100, 100, {1}), {4'500}, [] { return true; });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace safelight
