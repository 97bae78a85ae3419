#include "imaging/salience.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>

namespace safelight {
namespace {

Pixels uniform(std::uint32_t width, std::uint32_t height, std::vector<std::uint8_t> colour) {
    Pixels pixels(width, height, static_cast<std::uint32_t>(colour.size()));
    for (std::size_t i = 0; i < pixels.samples.size(); ++i) pixels.samples[i] = colour[i % colour.size()];
    return pixels;
}

void paint(Pixels& pixels, std::uint32_t left, std::uint32_t top, std::uint32_t side,
           const std::vector<std::uint8_t>& colour) {
    for (std::uint32_t y = top; y < top + side; ++y) {
        for (std::uint32_t x = left; x < left + side; ++x)
            std::ranges::copy(colour, pixels.row(y) + std::size_t{x} * pixels.channels);
    }
}

/// Steps of grey that all occur equally often.
void paint_noise(Pixels& pixels, std::uint32_t left, std::uint32_t top, std::uint32_t side) {
    for (std::uint32_t y = top; y < top + side; ++y) {
        for (std::uint32_t x = left; x < left + side; ++x) {
            const auto grey = static_cast<std::uint8_t>((x * 37 + y * 101) * 7 % 256);
            std::fill_n(pixels.row(y) + std::size_t{x} * pixels.channels, 3, grey);
        }
    }
}

TEST(Salience, AttentionPutsWhatDrawsTheEyeInTheMiddle) {
    // A red square of 10 with its middle at (85, 20), on grey of 100 × 40; the window is 40 × 40.
    Pixels view = uniform(100, 40, {120, 120, 120});
    paint(view, 80, 15, 10, {220, 20, 20});
    const Fractions right = fractions_by_attention(view, 0.4, 1);
    // As near to its middle as the edge allows: from 60 on.
    EXPECT_NEAR(right.x, 1, 0.01);
    EXPECT_EQ(right.y, 0.5);
    Pixels inner = uniform(100, 40, {120, 120, 120});
    paint(inner, 40, 15, 10, {220, 20, 20});
    // The middle is at 45, so the window begins at 25 of 60.
    EXPECT_NEAR(fractions_by_attention(inner, 0.4, 1).x, 25 / 60.0, 0.02);
}

TEST(Salience, AColourThatIsEverywhereDrawsNobody) {
    // Blue everywhere; a small grey square has edges.
    Pixels view = uniform(100, 50, {20, 60, 220});
    paint(view, 10, 20, 8, {130, 130, 130});
    EXPECT_LT(fractions_by_attention(view, 0.5, 1).x, 0.05);
}

TEST(Salience, SkinCountsMoreThanOtherColoursOfTheSameStrength) {
    Pixels view = uniform(120, 40, {128, 128, 128});
    paint(view, 10, 15, 10, {224, 172, 150});  // skin
    paint(view, 100, 15, 10, {150, 224, 172});
    EXPECT_LT(fractions_by_attention(view, 0.4, 1).x, 0.1);
}

TEST(Salience, TransparentPixelsDrawNobody) {
    Pixels view = uniform(100, 40, {120, 120, 120, 255});
    paint(view, 85, 15, 10, {220, 20, 20, 0});
    paint(view, 10, 15, 10, {200, 60, 60, 255});
    EXPECT_LT(fractions_by_attention(view, 0.4, 1).x, 0.1);
}

TEST(Salience, EntropyFindsTheManyGreys) {
    Pixels view = uniform(100, 100, {120, 120, 120});
    paint_noise(view, 60, 10, 30);
    const Fractions found = fractions_by_entropy(view, 0.3, 0.3);
    // The very square: 60 of 70, 10 of 70.
    EXPECT_NEAR(found.x, 60 / 70.0, 0.03);
    EXPECT_NEAR(found.y, 10 / 70.0, 0.03);
}

TEST(Salience, EntropyIsNotDrawnByOneStrongEdge) {
    // Half black and half white is 1 bit; the noise at the left is up to 6.
    Pixels view = uniform(120, 30, {0, 0, 0});
    paint(view, 90, 0, 30, {255, 255, 255});
    paint_noise(view, 0, 0, 30);
    EXPECT_LT(fractions_by_entropy(view, 0.25, 1).x, 0.05);
}

TEST(Salience, WhereNothingIsToBeSeenTheMiddleIsKept) {
    for (const std::vector<std::uint8_t>& colour :
         {std::vector<std::uint8_t>{0}, {7, 0}, {9, 200, 9}, {255, 255, 255, 0}}) {
        const Pixels view = uniform(101, 51, colour);
        EXPECT_EQ(fractions_by_attention(view, 21 / 101.0, 11 / 51.0), (Fractions{0.5, 0.5}));
        EXPECT_EQ(fractions_by_entropy(view, 21 / 101.0, 11 / 51.0), (Fractions{0.5, 0.5}));
    }
}

TEST(Salience, WithoutRoomThereIsNoChoice) {
    for (const auto& [width, height] : {std::pair{1U, 1U}, {1U, 128U}, {128U, 1U}}) {
        const Pixels view = uniform(width, height, {50, 60, 70});
        EXPECT_EQ(fractions_by_attention(view, 1, 1), (Fractions{0.5, 0.5}));
        EXPECT_EQ(fractions_by_entropy(view, 1, 1), (Fractions{0.5, 0.5}));
        // A window below one pixel is one.
        EXPECT_NEAR(fractions_by_entropy(view, 1e-9, 1e-9).x, 0.5, 0.01);
    }
}

}  // namespace
}  // namespace safelight
