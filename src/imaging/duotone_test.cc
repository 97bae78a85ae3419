#include "imaging/duotone.h"

#include <gtest/gtest.h>

#include "imaging/adjust.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

constexpr Duotone navy_and_sand{{0x10, 0x20, 0x60}, {0xf0, 0xe0, 0xa0}};

TEST(Duotone, BlackAndWhiteBecomeTheTwoColours) {
    Pixels pixels(3, 1, 3);
    pixels.samples = {0, 0, 0, 255, 255, 255, 128, 128, 128};
    const Pixels out = duotone(pixels, navy_and_sand);
    // 0x10 + (0xf0 − 0x10)·128/255 = 128.4, and so on.
    EXPECT_EQ(out.samples, (std::vector<std::uint8_t>{0x10, 0x20, 0x60, 0xf0, 0xe0, 0xa0, 128, 128, 128}));
}

TEST(Duotone, LuminanceDecidesNotTheMeanOfTheChannels) {
    Pixels pixels(2, 1, 3);
    pixels.samples = {0, 255, 0, 0, 0, 255};
    const Pixels out = duotone(pixels, {{0, 0, 0}, {255, 255, 255}});
    // Y = 0.7152 and 0.0722 of linear light.
    EXPECT_EQ(out.samples, (std::vector<std::uint8_t>{220, 220, 220, 76, 76, 76}));
}

TEST(Duotone, FromBlackToWhiteIsGreyscale) {
    const Pixels picture = test::sample_pixels(40, 30, 3);
    const Pixels grey = greyscale(picture);
    const Pixels out = duotone(picture, {{0, 0, 0}, {255, 255, 255}});
    for (std::size_t i = 0; i < grey.samples.size(); ++i) EXPECT_EQ(out.samples[3 * i], grey.samples[i]);
}

TEST(Duotone, AlphaStaysAndGreyGetsColour) {
    Pixels pixels(2, 1, 2);
    pixels.samples = {0, 7, 255, 0};
    const Pixels out = duotone(pixels, navy_and_sand);
    EXPECT_EQ(out.channels, 4U);
    EXPECT_EQ(out.samples, (std::vector<std::uint8_t>{0x10, 0x20, 0x60, 7, 0xf0, 0xe0, 0xa0, 0}));
}

}  // namespace
}  // namespace safelight
