#include "imaging/adjust.h"

#include <gtest/gtest.h>

#include <cmath>

namespace safelight {
namespace {

using Samples = std::vector<std::uint8_t>;

Pixels one_pixel(const Samples& samples) {
    Pixels pixels(1, 1, static_cast<std::uint32_t>(samples.size()));
    pixels.samples = samples;
    return pixels;
}

Samples adjusted(const Samples& samples, std::uint32_t saturation, std::uint32_t brightness,
                 std::uint32_t contrast) {
    return adjust(one_pixel(samples), {saturation}, {brightness}, {contrast}).samples;
}

TEST(Greyscale, HasTheLuminanceOfTheColours) {
    // encode(0.2126), encode(0.7152), encode(0.0722) of IEC 61966-2-1, in 255ths.
    EXPECT_EQ(greyscale(one_pixel({255, 0, 0})).samples, Samples{127});
    EXPECT_EQ(greyscale(one_pixel({0, 255, 0})).samples, Samples{220});
    EXPECT_EQ(greyscale(one_pixel({0, 0, 255, 9})).samples, (Samples{76, 9}));
}

TEST(Greyscale, LeavesGreyAsItIs) {
    for (int value = 0; value < 256; ++value) {
        const auto grey = static_cast<std::uint8_t>(value);
        EXPECT_EQ(greyscale(one_pixel({grey, grey, grey})).samples, Samples{grey});
    }
    EXPECT_EQ(greyscale(one_pixel({7, 8})).samples, (Samples{7, 8}));
}

TEST(Adjust, OnesChangeNothing) {
    for (int value = 0; value < 256; ++value) {
        const auto sample = static_cast<std::uint8_t>(value);
        const auto other = static_cast<std::uint8_t>(255 - value);
        EXPECT_EQ(adjusted({sample, other, 77, 5}, 100, 100, 100), (Samples{sample, other, 77, 5}));
    }
}

TEST(Adjust, BrightnessMultiplies) {
    EXPECT_EQ(adjusted({100, 200, 31}, 100, 150, 100), (Samples{150, 255, 47}));
    EXPECT_EQ(adjusted({100, 77}, 100, 50, 100), (Samples{50, 77}));
    EXPECT_EQ(adjusted({100, 200, 30}, 100, 0, 100), (Samples{0, 0, 0}));
}

TEST(Adjust, ContrastTurnsAroundTheMiddle) {
    EXPECT_EQ(adjusted({100, 127, 200}, 100, 100, 200), (Samples{73, 127, 255}));  // 72.5, 126.5, 272.5
    EXPECT_EQ(adjusted({0, 255, 100}, 100, 100, 0), (Samples{128, 128, 128}));
}

TEST(Adjust, SaturationMovesAwayFromTheLuma) {
    // luma = 0.213·200 + 0.715·100 + 0.072·50 = 117.7
    EXPECT_EQ(adjusted({200, 100, 50}, 0, 100, 100), (Samples{118, 118, 118}));
    EXPECT_EQ(adjusted({200, 100, 50}, 50, 100, 100), (Samples{159, 109, 84}));
    EXPECT_EQ(adjusted({200, 100, 50}, 150, 100, 100), (Samples{241, 91, 16}));
    EXPECT_EQ(adjusted({90, 5}, 300, 100, 100), (Samples{90, 5}));
}

TEST(Adjust, NothingIsCutOffBetweenTheSteps) {
    // 200 · 2 = 400; 0.25 · (400 − 127.5) + 127.5 = 195.6
    EXPECT_EQ(adjusted({200}, 100, 200, 25), Samples{196});
}

}  // namespace
}  // namespace safelight
