#include "imaging/resample/resampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "imaging/resample/light.h"

namespace safelight {
namespace {

using Painter = std::function<std::uint8_t(std::uint32_t x, std::uint32_t y, std::uint32_t channel)>;

Pixels painted(std::uint32_t width, std::uint32_t height, std::uint32_t channels, const Painter& paint) {
    Pixels pixels(width, height, channels);
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t i = 0; i < width * channels; ++i)
            pixels.row(y)[i] = paint(i / channels, y, i % channels);
    }
    return pixels;
}

Pixels resampled(const Pixels& source, const Plan& plan, const Kernels& kernels = fastest_kernels()) {
    Resampler resampler(source.width_px, source.height_px, source.channels, plan, kernels);
    // An odd number at a time: some rows wait for the next call.
    for (std::uint32_t y = 0; y < source.height_px; y += 3) {
        resampler.push_rows(source.row(y), source.row_bytes(), std::min(3U, source.height_px - y));
    }
    return resampler.take();
}

Plan whole(const Pixels& source, std::uint32_t width, std::uint32_t height) {
    return {
        {0, 0, static_cast<double>(source.width_px), static_cast<double>(source.height_px)}, width, height};
}

TEST(Light, EveryEncodedValueComesBack) {
    for (std::size_t i = 0; i < 256; ++i) {
        EXPECT_EQ(srgb_of_light()[static_cast<std::size_t>(light_of_srgb()[i])], i);
    }
}

TEST(Taps, WeightsSumToOneAndStayInside) {
    for (const std::uint32_t target : {1U, 2U, 7U, 100U, 333U}) {
        const Taps taps = make_taps({0, 99}, 3.5, 90, target, 2, 8);
        EXPECT_EQ(taps.count % 8, 0U);
        for (std::uint32_t o = 0; o < target; ++o) {
            const auto weights = taps.weights_of(o);
            EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0), weight_one);
            EXPECT_EQ(taps.first[o] % 2, 0U);
            EXPECT_LT(taps.last[o], 100U);
            for (std::uint32_t i = 0; i < taps.count; ++i) {
                if (taps.first[o] + i > taps.last[o]) EXPECT_EQ(weights[i], 0);
            }
        }
    }
}

TEST(Resampler, AConstantStaysConstant) {
    for (const std::uint32_t channels : {1U, 2U, 3U, 4U}) {
        for (const auto& [width, height] :
             {std::pair{1U, 1U}, {10U, 7U}, {33U, 61U}, {64U, 64U}, {150U, 90U}, {3U, 200U}}) {
            const Pixels source = painted(64, 61, channels, [&](auto, auto, std::uint32_t channel) {
                return has_alpha(channels) && channel == channels - 1
                           ? std::uint8_t{255}
                           : static_cast<std::uint8_t>(40 + 70 * channel);
            });
            const Pixels out = resampled(source, whole(source, width, height));
            for (std::size_t i = 0; i < out.samples.size(); ++i) {
                ASSERT_EQ(out.samples[i], source.samples[i % channels])
                    << width << "×" << height << ", " << channels;
            }
        }
    }
}

TEST(Resampler, NothingOutsideOfTheBoundsIsSeen) {
    // A red field in blue; its edges lie anywhere in the boxes that large ratios begin with.
    for (const std::uint32_t channels : {3U, 4U}) {
        for (const std::uint32_t side : {5U, 20U, 61U, 97U}) {
            for (const std::uint32_t begin : {1U, 6U, 11U}) {
                const Pixels source = painted(110, 120, channels, [&](auto x, auto y, auto channel) {
                    const bool inside = x >= begin && x < begin + side && y >= begin && y < begin + side;
                    return channel == 3 || channel == (inside ? 0U : 2U) ? std::uint8_t{255}
                                                                         : std::uint8_t{0};
                });
                const Region field{static_cast<double>(begin), static_cast<double>(begin),
                                   static_cast<double>(side), static_cast<double>(side)};
                for (const std::uint32_t target : {1U, 4U, 7U, 19U, 100U}) {
                    const Pixels out = resampled(source, Plan{field, target, target, field});
                    for (std::size_t i = 0; i < out.samples.size(); ++i) {
                        const std::size_t channel = i % channels;
                        ASSERT_EQ(out.samples[i], channel == 0 || channel == 3 ? 255 : 0)
                            << side << " from " << begin << " to " << target;
                    }
                }
            }
        }
    }
}

TEST(Resampler, ACheckerboardKeepsItsMeanLight) {
    // Half the light of white is 188 in sRGB; averaging encoded values would give 128.
    const Pixels source = painted(256, 256, 3, [](std::uint32_t x, std::uint32_t y, auto) {
        return (x + y) % 2 == 0 ? std::uint8_t{0} : std::uint8_t{255};
    });
    for (const std::uint32_t side : {8U, 50U, 100U}) {
        const Pixels out = resampled(source, whole(source, side, side));
        for (std::uint32_t y = 2; y + 2 < side; ++y) {
            for (std::uint32_t i = 6; i + 6 < 3 * side; ++i) ASSERT_NEAR(out.row(y)[i], 188, 1) << side;
        }
    }
}

TEST(Resampler, ASmallRatioAndALargeOneAgreeOnAGradient) {
    const Pixels source = painted(
        800, 600, 1, [](std::uint32_t x, auto, auto) { return static_cast<std::uint8_t>(20 + x / 4); });
    for (const std::uint32_t width : {400U, 250U, 180U, 20U}) {
        const Pixels out = resampled(source, whole(source, width, width * 3 / 4));
        for (std::uint32_t x = 2; x + 2 < width; ++x) {
            const double middle = (x + 0.5) * 800 / width;
            EXPECT_NEAR(out.row(5)[x], 20 + middle / 4, 1.5) << width << " at " << x;
        }
    }
}

TEST(Resampler, TransparentPixelsDoNotBleed) {
    // Green, where nothing is seen of it, beside opaque red.
    const Pixels source = painted(64, 64, 4, [](std::uint32_t x, auto, std::uint32_t channel) {
        const bool opaque = x % 4 < 2;
        if (channel == 0) return opaque ? std::uint8_t{255} : std::uint8_t{0};
        if (channel == 1) return opaque ? std::uint8_t{0} : std::uint8_t{255};
        return channel == 3 && opaque ? std::uint8_t{255} : std::uint8_t{0};
    });
    const Pixels out = resampled(source, whole(source, 13, 13));
    for (std::size_t i = 0; i < out.samples.size(); i += 4) {
        EXPECT_EQ(out.samples[i + 1], 0);
        EXPECT_GE(out.samples[i], 250);
        EXPECT_NEAR(out.samples[i + 3], 128, 40);
    }
}

TEST(Resampler, APartIsTheSameAsThatPartAlone) {
    const Painter paint = [](std::uint32_t x, std::uint32_t y, auto) {
        return static_cast<std::uint8_t>((x / 8 + y / 8) % 2 == 0 ? 60 : 200);
    };
    const Pixels source = painted(96, 96, 3, paint);
    // The middle third. Inside, away from its edges, the surroundings play no part.
    const Pixels part = painted(32, 32, 3, [&](std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        return paint(x + 32, y + 32, c);
    });
    const Pixels from_whole = resampled(source, {{32, 32, 32, 32}, 16, 16});
    const Pixels from_part = resampled(part, whole(part, 16, 16));
    for (std::uint32_t y = 4; y < 12; ++y) {
        for (std::uint32_t i = 12; i < 36; ++i) ASSERT_NEAR(from_whole.row(y)[i], from_part.row(y)[i], 1);
    }
}

TEST(Resampler, NothingToDoCopies) {
    const Pixels source = painted(17, 9, 4, [](std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        return static_cast<std::uint8_t>(x * 31 + y * 7 + c);
    });
    EXPECT_EQ(resampled(source, whole(source, 17, 9)).samples, source.samples);
}

TEST(Resampler, MirroredInputGivesMirroredOutput) {
    const Painter paint = [](std::uint32_t x, std::uint32_t y, auto) {
        return static_cast<std::uint8_t>(x * x + 3 * y);
    };
    const Pixels source = painted(50, 40, 1, paint);
    const Pixels mirrored = painted(
        50, 40, 1, [&](std::uint32_t x, std::uint32_t y, std::uint32_t c) { return paint(49 - x, y, c); });
    const Plan plan{{5, 0, 40, 40}, 16, 16};
    const Pixels a = resampled(source, plan);
    const Pixels b = resampled(mirrored, plan);
    for (std::uint32_t y = 0; y < 16; ++y) {
        for (std::uint32_t x = 0; x < 16; ++x) ASSERT_NEAR(a.row(y)[x], b.row(y)[15 - x], 1);
    }
}

TEST(Resampler, EveryKernelGivesTheSameBytes) {
    const Pixels source = painted(301, 203, 4, [](std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        return static_cast<std::uint8_t>(x * 13 + y * 57 + c * 91);
    });
    for (const auto& [width, height] : {std::pair{100U, 70U}, {31U, 20U}, {400U, 300U}}) {
        const Pixels expected = resampled(source, whole(source, width, height), portable_kernels());
        for (const Kernels& kernels : available_kernels()) {
            EXPECT_EQ(resampled(source, whole(source, width, height), kernels).samples, expected.samples)
                << kernels.name;
        }
    }
}

TEST(Resampler, ExtremeShapesKeepToTheirMemory) {
    const Pixels tall = painted(1, 16383, 3, [](auto, auto, auto) { return std::uint8_t{77}; });
    EXPECT_EQ(resampled(tall, whole(tall, 1, 100)).samples, std::vector<std::uint8_t>(300, 77));
    const Pixels wide = painted(16383, 300, 1, [](auto, auto, auto) { return std::uint8_t{201}; });
    EXPECT_EQ(resampled(wide, whole(wide, 1, 1)).samples, std::vector<std::uint8_t>(1, 201));
    const Pixels dot = painted(1, 1, 3, [](auto, auto, auto) { return std::uint8_t{9}; });
    EXPECT_EQ(resampled(dot, whole(dot, 40, 3)).samples, std::vector<std::uint8_t>(360, 9));
}

}  // namespace
}  // namespace safelight
