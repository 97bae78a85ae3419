#include "imaging/trim.h"

#include <gtest/gtest.h>

#include "imaging/mapping.h"
#include "imaging/orient.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

/// `content` on a canvas of one colour.
Pixels framed(std::uint32_t width, std::uint32_t height, std::vector<std::uint8_t> colour) {
    Pixels pixels(width, height, static_cast<std::uint32_t>(colour.size()));
    for (std::size_t i = 0; i < pixels.samples.size(); ++i) pixels.samples[i] = colour[i % colour.size()];
    return pixels;
}

void paint(Pixels& pixels, std::uint32_t x, std::uint32_t y, std::uint8_t sample, std::uint32_t channel = 0) {
    pixels.row(y)[std::size_t{x} * pixels.channels + channel] = sample;
}

TEST(Trim, LeavesTheSmallestPartThatHoldsAllContent) {
    Pixels pixels = framed(50, 40, {200, 200, 200});
    paint(pixels, 7, 20, 100);
    paint(pixels, 30, 11, 100, 1);
    paint(pixels, 12, 33, 100, 2);
    EXPECT_EQ(trimmed(pixels, Orientation::upright, 10), (Region{7, 11, 24, 23}));
}

TEST(Trim, ToleratesAsMuchAsItIsTold) {
    Pixels pixels = framed(20, 10, {100});
    paint(pixels, 3, 5, 110);
    paint(pixels, 9, 5, 111);
    paint(pixels, 12, 5, 89);
    EXPECT_EQ(trimmed(pixels, Orientation::upright, 10), (Region{9, 5, 4, 1}));
    EXPECT_EQ(trimmed(pixels, Orientation::upright, 9), (Region{3, 5, 10, 1}));
    EXPECT_EQ(trimmed(pixels, Orientation::upright, 11), (Region{0, 0, 20, 10}));
}

TEST(Trim, APictureThatIsAllBorderStaysAsItIs) {
    for (const auto& [width, height] : {std::pair{1U, 1U}, {1U, 16'383U}, {300U, 200U}}) {
        EXPECT_EQ(trimmed(framed(width, height, {9, 9, 9}), Orientation::upright, 0),
                  (Region{0, 0, double(width), double(height)}));
    }
}

TEST(Trim, ContentUpToTheEdgesIsKept) {
    Pixels pixels = framed(10, 10, {255});
    paint(pixels, 9, 0, 0);
    paint(pixels, 0, 9, 0);
    EXPECT_EQ(trimmed(pixels, Orientation::upright, 10), (Region{0, 0, 10, 10}));
}

TEST(Trim, ColoursOfTransparentPixelsAreNoContent) {
    Pixels pixels = framed(10, 8, {0, 0, 0, 0});
    paint(pixels, 2, 2, 255, 1);  // still transparent
    paint(pixels, 5, 4, 200, 3);
    EXPECT_EQ(trimmed(pixels, Orientation::upright, 0), (Region{5, 4, 1, 1}));
}

TEST(Trim, TheTopLeftIsThatOfTheDisplayedPicture) {
    // Black at the displayed left, white at the right: the left is border.
    Pixels upright = framed(10, 6, {255});
    for (std::uint32_t y = 0; y < 6; ++y) {
        for (std::uint32_t x = 0; x < 4; ++x) paint(upright, x, y, 0);
    }
    for (int i = 1; i <= 8; ++i) {
        const auto orientation = static_cast<Orientation>(i);
        const Pixels stored = orient(upright, inverse(orientation));
        EXPECT_EQ(trimmed(stored, orientation, 10), (Region{4, 0, 6, 6})) << i;
    }
}

}  // namespace
}  // namespace safelight
