#include "imaging/extend.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

TEST(Extend, LaysThePictureWhereTheCanvasSays) {
    Pixels pixels(2, 1, 1);
    pixels.samples = {7, 8};
    const Pixels out = extend(pixels, {4, 3, 1, 2}, white);
    EXPECT_EQ(out.samples, (std::vector<std::uint8_t>{255, 255, 255, 255,  //
                                                      255, 255, 255, 255,  //
                                                      255, 7, 8, 255}));
}

TEST(Extend, IsTransparentAroundAlpha) {
    Pixels pixels(1, 1, 2);
    pixels.samples = {7, 9};
    EXPECT_EQ(extend(pixels, {2, 1, 1, 0}, white).samples, (std::vector<std::uint8_t>{255, 0, 7, 9}));
}

TEST(Extend, GreyBecomesRgbAroundAColourAlone) {
    Pixels pixels(1, 1, 1);
    pixels.samples = {7};
    EXPECT_EQ(extend(pixels, {2, 1, 1, 0}, {9, 9, 9}).samples, (std::vector<std::uint8_t>{9, 7}));
    EXPECT_EQ(extend(pixels, {2, 1, 1, 0}, {1, 2, 3}).samples, (std::vector<std::uint8_t>{1, 2, 3, 7, 7, 7}));
}

TEST(Extend, LeavesAPictureThatFillsItsCanvas) {
    Pixels pixels(1, 1, 1);
    pixels.samples = {7};
    EXPECT_EQ(extend(pixels, {1, 1, 0, 0}, {1, 2, 3}).samples, std::vector<std::uint8_t>{7});
}

}  // namespace
}  // namespace safelight
