#include "imaging/blur.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "imaging/resample/light.h"
#include "imaging/sharpen.h"

namespace safelight {
namespace {

/// Left half of one colour, right half of another.
Pixels edge_of(std::uint32_t side, const std::vector<std::uint8_t>& left,
               const std::vector<std::uint8_t>& right) {
    Pixels pixels(side, side, static_cast<std::uint32_t>(left.size()));
    for (std::size_t i = 0; i < std::size_t{side} * side; ++i) {
        const auto& colour = i % side < side / 2 ? left : right;
        std::copy(colour.begin(), colour.end(), pixels.samples.begin() + static_cast<long>(i * left.size()));
    }
    return pixels;
}

Pixels turned(const Pixels& pixels) {
    Pixels out(pixels.height_px, pixels.width_px, pixels.channels);
    for (std::uint32_t y = 0; y < out.height_px; ++y) {
        for (std::uint32_t x = 0; x < out.width_px; ++x) {
            for (std::uint32_t c = 0; c < out.channels; ++c) {
                out.row(y)[x * out.channels + c] = pixels.row(x)[y * out.channels + c];
            }
        }
    }
    return out;
}

/// The light right of a black and white edge after a Gaussian that was sampled at whole pixels.
double gaussian_edge(double sigma, int distance) {
    double sum = 0;
    double bright = 0;
    for (int k = -400; k <= 400; ++k) {
        const double weight = std::exp(-k * k / (2 * sigma * sigma));
        sum += weight;
        if (k <= distance) bright += weight;
    }
    return bright / sum;
}

// Three boxes come within 1.5 % of white.
TEST(Blur, AnEdgeBecomesTheGaussiansIntegralInLinearLight) {
    for (const std::uint32_t hundredths : {50U, 100U, 250U, 800U}) {
        Pixels pixels = edge_of(120, {0}, {255});
        ASSERT_TRUE(blur(pixels, {hundredths}, {}));
        for (int x = 0; x < 60; ++x) {
            const double light = light_of_srgb()[pixels.row(60)[60 + x]] / double{light_one};
            EXPECT_NEAR(light, gaussian_edge(hundredths / 100.0, x), 0.015) << hundredths << " " << x;
        }
    }
}

TEST(Blur, WorksAlikeInBothDirections) {
    Pixels across = edge_of(40, {10, 200, 90, 255}, {250, 0, 30, 50});
    Pixels down = turned(across);
    ASSERT_TRUE(blur(across, {170}, {}));
    ASSERT_TRUE(blur(down, {170}, {}));
    const Pixels expected = turned(across);
    for (std::size_t i = 0; i < expected.samples.size(); ++i) {
        EXPECT_NEAR(down.samples[i], expected.samples[i], 1);
    }
}

TEST(Blur, AConstantStaysConstant) {
    for (const std::uint32_t hundredths : {30U, 1000U, 10'000U}) {
        Pixels pixels = edge_of(30, {3, 128, 250}, {3, 128, 250});
        const Pixels before = pixels;
        ASSERT_TRUE(blur(pixels, {hundredths}, {}));
        EXPECT_EQ(pixels.samples, before.samples) << hundredths;
    }
}

TEST(Blur, TransparentBlackLeavesNoDarkFringe) {
    Pixels pixels = edge_of(40, {255, 100, 0, 255}, {0, 0, 0, 0});
    ASSERT_TRUE(blur(pixels, {300}, {}));
    int soft = 0;
    for (std::size_t i = 0; i < pixels.samples.size(); i += 4) {
        const std::uint8_t alpha = pixels.samples[i + 3];
        if (alpha < 8) continue;
        if (alpha < 250) ++soft;
        EXPECT_NEAR(pixels.samples[i], 255, 1);
        EXPECT_NEAR(pixels.samples[i + 1], 100, 2);
        EXPECT_NEAR(pixels.samples[i + 2], 0, 1);
    }
    EXPECT_GT(soft, 40 * 6);
}

TEST(Blur, OnePixelAndNoSigmaStay) {
    Pixels dot = edge_of(1, {9, 8, 7}, {9, 8, 7});
    ASSERT_TRUE(blur(dot, {5000}, {}));
    EXPECT_EQ(dot.samples, (std::vector<std::uint8_t>{9, 8, 7}));
    Pixels edge = edge_of(8, {0}, {255});
    const Pixels before = edge;
    ASSERT_TRUE(blur(edge, {0}, {}));
    EXPECT_EQ(edge.samples, before.samples);
}

TEST(Blur, CanBeCalledOff) {
    Pixels pixels = edge_of(40, {0}, {255});
    const auto status = blur(pixels, {300}, [] { return true; });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::cancelled);
}

TEST(Sharpen, OvershootsAtAnEdgeInProportion) {
    const Pixels before = edge_of(20, {100, 255}, {150, 0});
    Pixels blurred = edge_of(20, {100, 255}, {150, 0});
    ASSERT_TRUE(blur(blurred, sharpen_sigma, {}));
    for (const std::uint32_t strength : {50U, 100U, 200U}) {
        Pixels sharp = before;
        ASSERT_TRUE(sharpen(sharp, {strength}, {}));
        for (std::size_t i = 0; i < sharp.samples.size(); i += 2) {
            const double expected =
                before.samples[i] + (before.samples[i] - blurred.samples[i]) * (strength / 100.0);
            EXPECT_NEAR(sharp.samples[i], std::clamp(expected, 0.0, 255.0), 0.51);
            EXPECT_EQ(sharp.samples[i + 1], before.samples[i + 1]);
        }
    }
}

TEST(Sharpen, LeavesFlatPartsAndRaisesContrastAtEdges) {
    Pixels sharp = edge_of(40, {100}, {150});
    ASSERT_TRUE(sharpen(sharp, {100}, {}));
    EXPECT_EQ(sharp.row(20)[2], 100);
    EXPECT_EQ(sharp.row(20)[37], 150);
    EXPECT_LT(sharp.row(20)[19], 95);
    EXPECT_GT(sharp.row(20)[20], 155);
}

}  // namespace
}  // namespace safelight
