#include "imaging/animation_timing.h"

#include <gtest/gtest.h>

#include <numeric>

namespace safelight {
namespace {

using Delays = std::vector<std::uint32_t>;

Delays in_gif(const Delays& delays_ms) {
    return gif_delays_cs({.delays_ms = delays_ms});
}

TEST(AnimationTiming, WholeHundredthsStayAsTheyAre) {
    EXPECT_EQ(in_gif({0, 10, 20, 70, 500, 655'350}), (Delays{0, 1, 2, 7, 50, 65'535}));
}

TEST(AnimationTiming, RoundingDoesNotAddUp) {
    EXPECT_EQ(in_gif({33, 33, 34, 33, 33, 34}), (Delays{3, 4, 3, 3, 4, 3}));
    const Delays long_one = in_gif(Delays(300, 41));
    EXPECT_EQ(std::accumulate(long_one.begin(), long_one.end(), 0U), 1230U);
}

TEST(AnimationTiming, NothingBecomesSoShortThatBrowsersSlowItDown) {
    EXPECT_EQ(in_gif(Delays(4, 15)), (Delays{2, 2, 2, 2}));
    EXPECT_EQ(in_gif(Delays(4, 5)), (Delays{1, 0, 1, 0}));
    EXPECT_EQ(in_gif({14, 10, 9, 9}), (Delays{2, 0, 1, 1}));
}

TEST(AnimationTiming, WhatGifCannotSayIsCutOff) {
    EXPECT_EQ(in_gif({16'777'215, 100, 655'351, 100}), (Delays{65'535, 10, 65'535, 10}));
}

TEST(AnimationTiming, WebpGetsWhenEachFrameBegins) {
    EXPECT_EQ(webp_timestamps_ms({.delays_ms = {0, 5, 100}}), (std::vector{0, 0, 5, 105}));
    EXPECT_EQ(webp_timestamps_ms({}), std::vector{0});
    const auto full = webp_timestamps_ms({.delays_ms = Delays(300, 0xffff'ffff)});
    EXPECT_EQ(full[1], 0xff'ffff);
    EXPECT_EQ(full.back(), 0x7fff'ffff);
}

}  // namespace
}  // namespace safelight
