#include "imaging/animation.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <random>

#include "imaging/test_animations.h"

namespace safelight {
namespace {

using test::Bytes;
using test::Disposal;
using test::GifFrame;
using test::Shown;

constexpr Colour red{255, 0, 0};
constexpr Colour green{0, 255, 0};
constexpr Colour blue{0, 0, 255};

/// Lossy WebP does not give colours back exactly.
bool looks_like(Colour a, Colour b) {
    const auto near = [](std::uint8_t x, std::uint8_t y) { return std::abs(int{x} - int{y}) <= 24; };
    return near(a.red, b.red) && near(a.green, b.green) && near(a.blue, b.blue);
}

class AnimationTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Result<EncodedPicture> made(std::span<const std::byte> file, const Transform& transform,
                                       const ImageLimits& limits = {}, const StopCheck& stop = {}) {
        auto results = test::rendered(file, std::span(&transform, 1), limits, stop);
        if (!results) return forward(std::move(results));
        return std::move(results->front());
    }

    static Shown shown_as(std::span<const std::byte> file, const Transform& transform) {
        const auto picture = made(file, transform);
        if (!picture) {
            ADD_FAILURE() << picture.error().public_text << picture.error().log_text;
            return {};
        }
        const Shown result = test::shown(picture->bytes);
        for (const Pixels& frame : result.frames) {
            EXPECT_EQ(frame.width_px, picture->width_px);
            EXPECT_EQ(frame.height_px, picture->height_px);
        }
        return result;
    }
};

constexpr std::array rgb_frames{GifFrame{.colour = 0, .delay_cs = 7}, GifFrame{.colour = 1, .delay_cs = 0},
                                GifFrame{.colour = 2, .delay_cs = 300}};

void expect_red_green_blue(const Shown& result) {
    ASSERT_EQ(result.frames.size(), 3U);
    const std::array colours{red, green, blue};
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(looks_like(test::colour_at(result.frames[i], 3, 3), colours[i])) << i;
        EXPECT_EQ(test::alpha_at(result.frames[i], 3, 3), 255);
    }
}

TEST_F(AnimationTest, AThumbnailOfAGifIsAnimated) {
    const Bytes file = test::animated_gif(40, 30, rgb_frames, 4);
    const Shown result = shown_as(file, {.resize = Resize{20, 20}});
    expect_red_green_blue(result);
    EXPECT_EQ(result.frames[0].width_px, 20U);
    EXPECT_EQ(result.frames[0].height_px, 15U);
    EXPECT_EQ(result.timing, (AnimationTiming{{70, 0, 3'000}, 5}));
}

TEST_F(AnimationTest, AGifBecomesAnAnimatedWebp) {
    const Bytes file = test::animated_gif(40, 30, rgb_frames, 0);
    const Shown result = shown_as(file, {.resize = Resize{20, 20}, .format = Format::webp});
    expect_red_green_blue(result);
    EXPECT_EQ(result.timing, (AnimationTiming{{70, 0, 3'000}, 0}));
}

TEST_F(AnimationTest, AWebpStaysOrBecomesAnAnimatedGif) {
    const std::array frames{test::filled(40, 30, red), test::filled(40, 30, green),
                            test::filled(40, 30, blue)};
    const Bytes file = test::animated_webp(frames, {{5, 33, 1'001}, 3});
    const Shown webp = shown_as(file, {.resize = Resize{20, 20}});
    expect_red_green_blue(webp);
    EXPECT_EQ(webp.timing, (AnimationTiming{{5, 33, 1'001}, 3}));
    const Shown gif = shown_as(file, {.resize = Resize{20, 20}, .format = Format::gif});
    expect_red_green_blue(gif);
    EXPECT_EQ(gif.timing, (AnimationTiming{{10, 30, 1'000}, 3}));
}

TEST_F(AnimationTest, PlaysAreKept) {
    // A GIF counts the repeats after the first time, a WebP the times.
    const std::array<std::pair<std::optional<std::uint16_t>, std::uint32_t>, 4> cases{
        {{std::nullopt, 1}, {0, 0}, {1, 2}, {65'535, 65'536}}};
    for (const auto& [repeats, plays] : cases) {
        const Bytes file = test::animated_gif(8, 6, rgb_frames, repeats);
        EXPECT_EQ(shown_as(file, {}).timing.plays, plays);
        EXPECT_EQ(shown_as(file, {.format = Format::webp}).timing.plays, std::min(plays, 65'535U));
    }
}

TEST_F(AnimationTest, OtherFormatsAreTheFirstFrame) {
    const Bytes file = test::animated_gif(40, 30, rgb_frames, 0);
    for (const Format format : {Format::jpeg, Format::png, Format::tiff}) {
        const auto picture = made(file, {.format = format});
        ASSERT_TRUE(picture) << name_of(format);
        EXPECT_EQ(probe(picture->bytes, {})->frames, 1U);
        EXPECT_TRUE(looks_like(test::colour_at(test::decoded(picture->bytes), 5, 5), red));
    }
}

TEST_F(AnimationTest, TheFirstFrameAloneCanBeAskedFor) {
    const Bytes file = test::animated_gif(40, 30, rgb_frames, 0);
    for (const Format format : {Format::gif, Format::webp}) {
        const auto picture = made(file, {.format = format, .animation = Animation::first_frame});
        ASSERT_TRUE(picture);
        EXPECT_EQ(probe(picture->bytes, {})->frames, 1U);
        EXPECT_TRUE(looks_like(test::colour_at(test::decoded(picture->bytes), 5, 5), red));
    }
}

TEST_F(AnimationTest, StillAndMovingVariantsComeFromOneCall) {
    const Bytes file = test::animated_gif(40, 30, rgb_frames, 0);
    const std::array transforms{Transform{.resize = Resize{20, 20}}, Transform{.format = Format::jpeg},
                                Transform{.format = Format::heic}, Transform{.format = Format::webp},
                                Transform{.resize = Resize{10, 10}, .format = Format::png}};
    const auto results = test::rendered(file, transforms, {}, {});
    ASSERT_TRUE(results);
    constexpr std::array<std::uint32_t, 5> frames{3, 1, 0, 3, 1};
    for (std::size_t i = 0; i < transforms.size(); ++i) {
        const auto& result = (*results)[i];
        ASSERT_EQ(result.has_value(), frames[i] != 0);
        if (result) EXPECT_EQ(probe(result->bytes, {})->frames, frames[i]) << i;
    }
}

TEST_F(AnimationTest, FramesAreComposedAsGifSays) {
    // Red all over; a green corner that is cleared; a blue one that is taken back; a transparent frame.
    const std::array frames{
        GifFrame{.colour = 0},
        GifFrame{.colour = 1, .width = 8, .height = 8, .disposal = Disposal::clear, .has_transparency = true},
        GifFrame{.colour = 2, .left = 8, .top = 8, .width = 8, .height = 8, .disposal = Disposal::restore},
        GifFrame{.colour = 3, .has_transparency = true}};
    const Bytes file = test::animated_gif(16, 16, frames, 0);
    for (const Format format : {Format::gif, Format::webp}) {
        const Shown result = shown_as(file, {.format = format, .lossless = format == Format::webp});
        ASSERT_EQ(result.frames.size(), 4U) << name_of(format);
        const auto& shown = result.frames;
        EXPECT_EQ(test::colour_at(shown[0], 4, 4), red);
        EXPECT_EQ(test::colour_at(shown[1], 4, 4), green);
        EXPECT_EQ(test::colour_at(shown[1], 12, 12), red);
        EXPECT_EQ(test::alpha_at(shown[2], 4, 4), 0) << name_of(format);
        EXPECT_EQ(test::colour_at(shown[2], 12, 12), blue);
        EXPECT_EQ(test::colour_at(shown[3], 12, 12), red) << name_of(format);
        EXPECT_EQ(test::alpha_at(shown[3], 4, 4), 0) << name_of(format);
        EXPECT_EQ(test::alpha_at(shown[3], 12, 4), 255);
    }
}

TEST_F(AnimationTest, SemiTransparencyIsKeptByWebp) {
    const std::array frames{test::filled(20, 20, red, 128), test::filled(20, 20, blue, 64)};
    const Bytes file = test::animated_webp(frames, {{100, 100}, 0});
    const Shown result = shown_as(file, {.resize = Resize{10, 10}, .lossless = true});
    ASSERT_EQ(result.frames.size(), 2U);
    EXPECT_EQ(test::alpha_at(result.frames[0], 5, 5), 128);
    EXPECT_EQ(test::alpha_at(result.frames[1], 5, 5), 64);
    EXPECT_EQ(test::colour_at(result.frames[1], 5, 5), blue);
}

TEST_F(AnimationTest, WebpTellsOfAlphaThatLiesAroundItsFrames) {
    // The frames are opaque; what they leave free of the canvas is not.
    const std::array frames{
        GifFrame{.colour = 0, .left = 8, .top = 8, .width = 8, .height = 8},
        GifFrame{.colour = 1, .left = 8, .top = 8, .width = 8, .height = 8, .has_transparency = true}};
    const Bytes file = test::animated_gif(16, 16, frames, 0);
    const auto webp = made(file, {.format = Format::webp, .lossless = true});
    ASSERT_TRUE(webp);
    EXPECT_TRUE(probe(webp->bytes, {})->has_alpha);
    EXPECT_EQ(test::alpha_at(test::shown(webp->bytes).frames[1], 2, 2), 0);
    // And it is read again.
    const Shown gif = shown_as(webp->bytes, {.format = Format::gif});
    ASSERT_EQ(gif.frames.size(), 2U);
    EXPECT_EQ(test::alpha_at(gif.frames[1], 2, 2), 0);
    EXPECT_EQ(test::colour_at(gif.frames[1], 12, 12), green);
}

TEST_F(AnimationTest, FramesAreResampledInLinearLight) {
    // Black and white columns: half of the light is 188, half of the code value would be 128.
    Pixels stripes = test::filled(64, 64, white);
    for (std::size_t i = 0; i < stripes.samples.size(); i += 8)
        std::fill_n(stripes.samples.begin() + static_cast<std::ptrdiff_t>(i), 3, std::uint8_t{0});
    const std::array frames{test::filled(64, 64, blue), stripes};
    const Bytes file = test::animated_webp(frames, {{100, 100}, 0});
    const Shown result = shown_as(file, {.resize = Resize{16, 16}, .lossless = true});
    ASSERT_EQ(result.frames.size(), 2U);
    EXPECT_NEAR(test::colour_at(result.frames[1], 8, 8).green, 188, 2);
}

TEST_F(AnimationTest, TheCanvasIsKept) {
    // libvips takes this canvas for a mistake when the frames are smaller.
    const std::array frames{GifFrame{.colour = 0, .width = 100, .height = 50},
                            GifFrame{.colour = 1, .width = 100, .height = 50}};
    const Shown result = shown_as(test::animated_gif(640, 480, frames, 0), {});
    ASSERT_EQ(result.frames.size(), 2U);
    EXPECT_EQ(result.frames[1].width_px, 640U);
    EXPECT_EQ(result.frames[1].height_px, 480U);
    EXPECT_EQ(test::colour_at(result.frames[1], 50, 25), green);
}

TEST_F(AnimationTest, TheSameComesOutEachTime) {
    const Bytes file = test::animated_gif(40, 30, rgb_frames, 0);
    for (const Format format : {Format::gif, Format::webp}) {
        const Transform transform{.resize = Resize{20, 20}, .format = format};
        const auto once = made(file, transform);
        const auto again = made(file, transform);
        ASSERT_TRUE(once && again);
        EXPECT_EQ(once->bytes, again->bytes);
    }
}

TEST_F(AnimationTest, TheResultHasABudgetForAllFrames) {
    const Bytes file = test::animated_gif(20, 20, rgb_frames, 0);
    ImageLimits limits;
    limits.pixels_max = 1'200;
    EXPECT_TRUE(made(file, {}, limits));
    const Transform larger{.resize = Resize{.width_px = 21, .enlarge = true}, .format = Format::webp};
    const auto refused = made(file, larger, limits);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported_transform);
    EXPECT_TRUE(refused.error().public_text.contains("3 frames of 21×21"));
    // One frame of it is no trouble.
    Transform still = larger;
    still.animation = Animation::first_frame;
    EXPECT_TRUE(made(file, still, limits));
    limits.pixels_max = 1'199;
    EXPECT_EQ(made(file, {}, limits).error().code, ErrorCode::image_too_large);
}

TEST_F(AnimationTest, WorkCanBeCalledOffBetweenFrames) {
    std::vector<GifFrame> frames;
    for (std::uint8_t i = 0; i < 60; ++i) frames.push_back({.colour = static_cast<std::uint8_t>(i % 3)});
    const Bytes file = test::animated_gif(40, 30, frames, 0);
    for (const Format format : {Format::gif, Format::webp}) {
        std::atomic<int> asked = 0;
        const StopCheck stop = [&] { return ++asked > 40; };
        const auto result = made(file, {.format = format}, {}, stop);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    }
}

TEST_F(AnimationTest, DamagedFilesGiveAPictureOrAReason) {
    const std::array pixels{test::sample_pixels(24, 16, 4), test::filled(24, 16, blue),
                            test::sample_pixels(24, 16, 4)};
    const std::array files{test::animated_gif(24, 16, rgb_frames, 0),
                           test::animated_webp(pixels, {{10, 20, 30}, 0})};
    std::mt19937 random(7);
    for (int i = 0; i < 400; ++i) {
        Bytes file = files[static_cast<std::size_t>(i) % 2];
        for (int change = 0; change <= i % 5; ++change)
            file[16 + random() % (file.size() - 16)] = static_cast<std::byte>(random() & 0xff);
        const auto picture =
            made(file, {.resize = Resize{12, 12}, .format = i % 4 < 2 ? Format::webp : Format::gif});
        if (picture) {
            EXPECT_TRUE(probe(picture->bytes, {})) << i;
        } else {
            EXPECT_FALSE(picture.error().public_text.empty()) << i;
            EXPECT_NE(picture.error().code, ErrorCode::renderer_failed) << i << picture.error().log_text;
        }
    }
}

TEST_F(AnimationTest, AFrameThatDoesNotDecodeFailsTheMovingVariantsAlone) {
    const std::array frames{test::sample_pixels(64, 64, 4), test::filled(64, 64, blue),
                            test::sample_pixels(64, 64, 4)};
    Bytes file = test::animated_webp(frames, {{100, 100, 100}, 0});
    // The last frame's data; its header stays.
    for (std::size_t i = file.size() - 60; i < file.size() - 4; ++i) file[i] = std::byte{0xff};
    const std::array transforms{Transform{}, Transform{.format = Format::png}};
    const auto results = test::rendered(file, transforms, {}, {});
    ASSERT_TRUE(results);
    ASSERT_FALSE((*results)[0]);
    EXPECT_EQ((*results)[0].error().code, ErrorCode::invalid_image);
    EXPECT_TRUE((*results)[1]);
}

}  // namespace
}  // namespace safelight
