#include "imaging/extend.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

TEST(Extend, LaysThePictureWhereTheCanvasSays) {
    Pixels pixels(2, 1, 1);
    pixels.samples = {7, 8};
    const Pixels out = extend(pixels, {4, 3, 1, 2});
    EXPECT_EQ(out.samples, (std::vector<std::uint8_t>{255, 255, 255, 255,  //
                                                      255, 255, 255, 255,  //
                                                      255, 7, 8, 255}));
}

TEST(Extend, IsTransparentAroundAlpha) {
    Pixels pixels(1, 1, 2);
    pixels.samples = {7, 9};
    EXPECT_EQ(extend(pixels, {2, 1, 1, 0}).samples, (std::vector<std::uint8_t>{255, 0, 7, 9}));
}

}  // namespace
}  // namespace safelight
