#include "imaging/flatten.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

using Samples = std::vector<std::uint8_t>;

TEST(Flatten, LaysAlphaOnTheBackground) {
    Pixels pixels(3, 1, 4);
    pixels.samples = {10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128};
    const Pixels flat = flatten(pixels, white);
    EXPECT_EQ(flat.channels, 3U);
    EXPECT_EQ(flat.samples, (Samples{10, 20, 30, 255, 255, 255, 127, 127, 127}));
    EXPECT_EQ(flatten(pixels, {200, 100, 0}).samples, (Samples{10, 20, 30, 200, 100, 0, 100, 50, 0}));
}

TEST(Flatten, GreyBecomesRgbOnAColourAlone) {
    Pixels pixels(2, 1, 2);
    pixels.samples = {10, 255, 10, 0};
    EXPECT_EQ(flatten(pixels, {7, 7, 7}).samples, (Samples{10, 7}));
    EXPECT_EQ(flatten(pixels, {7, 8, 9}).samples, (Samples{10, 10, 10, 7, 8, 9}));
}

TEST(Flatten, LeavesAPictureWithoutAlpha) {
    Pixels pixels(1, 1, 3);
    pixels.samples = {1, 2, 3};
    EXPECT_EQ(flatten(pixels, white).samples, (Samples{1, 2, 3}));
}

TEST(ToRgb, RepeatsGreyAndKeepsAlpha) {
    Pixels pixels(2, 1, 2);
    pixels.samples = {10, 20, 30, 40};
    EXPECT_EQ(to_rgb(pixels).samples, (Samples{10, 10, 10, 20, 30, 30, 30, 40}));
}

}  // namespace
}  // namespace safelight
