// What transforms do to the frames of an animation.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numbers>

#include "imaging/animation.h"
#include "imaging/test_animations.h"

namespace safelight {
namespace {

using test::Bytes;

constexpr Colour red{255, 0, 0};
constexpr Colour green{0, 255, 0};
constexpr Colour blue{0, 0, 255};
constexpr Colour grey{110, 110, 110};

/// Left half of one colour, right half of another.
Pixels halves(Colour left, Colour right) {
    Pixels pixels = test::filled(40, 20, left);
    const Pixels other = test::filled(20, 20, right);
    for (std::uint32_t y = 0; y < 20; ++y)
        std::copy_n(other.row(y), other.row_bytes(), pixels.row(y) + other.row_bytes());
    return pixels;
}

Bytes animation_of(std::span<const Pixels> frames) {
    return test::animated_webp(frames, {std::vector<std::uint32_t>(frames.size(), 100), 0});
}

void paint(Pixels& pixels, std::uint32_t left, std::uint32_t top, const Pixels& part) {
    for (std::uint32_t y = 0; y < part.height_px; ++y) {
        std::copy_n(part.row(y), part.row_bytes(), pixels.row(top + y) + std::size_t{left} * pixels.channels);
    }
}

/// Black and white squares, each as wide as `square_px`.
Pixels chequered(std::uint32_t side, std::uint32_t square_px) {
    Pixels pixels = test::filled(side, side, white);
    for (std::uint32_t y = 0; y < side; ++y) {
        for (std::uint32_t x = 0; x < side; ++x) {
            if ((x / square_px + y / square_px) % 2 == 0)
                std::fill_n(pixels.row(y) + std::size_t{x} * 4, 3, std::uint8_t{0});
        }
    }
    return pixels;
}

/// Alpha everywhere, colours where anything is to be seen.
bool looks_the_same(const Pixels& a, const Pixels& b) {
    if (a.width_px != b.width_px || a.height_px != b.height_px) return false;
    for (std::uint32_t y = 0; y < a.height_px; ++y) {
        for (std::uint32_t x = 0; x < a.width_px; ++x) {
            const auto alpha = test::alpha_at(a, x, y);
            if (alpha != test::alpha_at(b, x, y)) return false;
            if (alpha != 0 && test::colour_at(a, x, y) != test::colour_at(b, x, y)) return false;
        }
    }
    return true;
}

class AnimationOperations : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    /// Lossless frames.
    [[nodiscard]] std::vector<Pixels> frames_after(std::span<const std::byte> file,
                                                   Transform transform) const {
        transform.lossless = true;
        const auto output =
            render_all({.bytes = file, .transforms = std::span(&transform, 1), .overlays = overlays}, {}, {});
        EXPECT_TRUE(output) << to_json(transform);
        if (!output) return {};
        const auto& picture = output->pictures.front();
        EXPECT_TRUE(picture) << to_json(transform) << (picture ? "" : picture.error().public_text);
        return picture ? test::shown(picture->bytes).frames : std::vector<Pixels>();
    }

    /// What becomes of each frame, which has to be what becomes of a still picture of its pixels.
    [[nodiscard]] std::vector<Pixels> frames_as_stills(std::span<const Pixels> frames,
                                                       const Transform& transform) const {
        const auto results = frames_after(animation_of(frames), transform);
        EXPECT_EQ(results.size(), frames.size()) << to_json(transform);
        Transform still = transform;
        still.animation = Animation::first_frame;
        for (std::size_t i = 0; i < results.size(); ++i) {
            const std::array alone{frames[i], frames[i]};
            const auto expected = frames_after(animation_of(alone), still);
            EXPECT_EQ(expected.size(), 1U);
            EXPECT_TRUE(looks_the_same(results[i], expected.at(0))) << to_json(transform) << ", frame " << i;
        }
        return results;
    }

    std::vector<OverlayFile> overlays;
};

TEST_F(AnimationOperations, CropTurnFlipPadAndGreyAreDoneToEachFrame) {
    const std::array frames{halves(red, green), halves(green, blue)};
    const Bytes file = test::animated_webp(frames, {{100, 100}, 0});
    Transform transform{.crop = Crop{10, 0, 30, 20},
                        .rotate = {9'000},
                        .flip = Flip::vertical,
                        .pad = {.top_px = 2},
                        .background = white,
                        .lossless = true};
    const auto results = frames_after(file, transform);
    ASSERT_EQ(results.size(), 2U);
    const std::array upper{green, blue};
    const std::array lower{red, green};
    for (std::size_t i = 0; i < 2; ++i) {
        const Pixels& frame = results[i];
        EXPECT_EQ(frame.width_px, 20U);
        EXPECT_EQ(frame.height_px, 32U);
        EXPECT_EQ(test::colour_at(frame, 10, 0), white);
        EXPECT_EQ(test::colour_at(frame, 10, 4), upper[i]);
        EXPECT_EQ(test::colour_at(frame, 10, 30), lower[i]);
    }
    transform = {.greyscale = true, .lossless = true};
    for (const Pixels& frame : frames_after(file, transform)) {
        const Colour colour = test::colour_at(frame, 5, 5);
        EXPECT_EQ(colour.red, colour.green);
        EXPECT_EQ(colour.green, colour.blue);
    }
}

/// The same part of all frames, so that nothing jumps: the one that the first frame calls for.
TEST_F(AnimationOperations, TrimCutsEachFrameAsTheFirstOne) {
    std::array frames{test::filled(60, 40, white), test::filled(60, 40, white)};
    paint(frames[0], 10, 5, test::filled(20, 10, red));
    paint(frames[1], 20, 0, test::filled(40, 40, green));
    const auto results = frames_after(animation_of(frames), {.trim = 10});
    ASSERT_EQ(results.size(), 2U);
    EXPECT_TRUE(looks_the_same(results[0], test::filled(20, 10, red)));
    Pixels second = test::filled(20, 10, white);
    paint(second, 10, 0, test::filled(10, 10, green));
    EXPECT_TRUE(looks_the_same(results[1], second));
}

TEST_F(AnimationOperations, SmartCropsCutEachFrameAsTheFirstOne) {
    // What is to be seen lies near the right end, of the second frame near the left one.
    const Pixels patch = chequered(40, 4);
    std::array frames{test::filled(300, 60, grey), test::filled(300, 60, grey)};
    paint(frames[0], 220, 10, patch);
    paint(frames[1], 20, 10, patch);
    paint(frames[1], 220, 10, test::filled(40, 40, blue));
    for (const Gravity gravity : {Gravity::attention, Gravity::entropy}) {
        const Crop crop{.width_px = 60, .height_px = 60, .gravity = gravity};
        const auto cropped = frames_after(animation_of(frames), {.crop = crop});
        ASSERT_EQ(cropped.size(), 2U);
        std::uint32_t left = 0;
        while (left < 20 && test::colour_at(cropped[0], left, 10) == grey) ++left;
        Pixels first = test::filled(60, 60, grey);
        paint(first, left, 10, patch);
        EXPECT_TRUE(looks_the_same(cropped[0], first));
        Pixels second = test::filled(60, 60, grey);
        paint(second, left, 10, test::filled(40, 40, blue));
        EXPECT_TRUE(looks_the_same(cropped[1], second));
        // What is cut off by a resize may begin between pixels.
        const Resize cover{.width_px = 60, .height_px = 60, .fit = Fit::cover, .gravity = gravity};
        const auto covered = frames_after(animation_of(frames), {.resize = cover});
        ASSERT_EQ(covered.size(), 2U);
        for (const std::uint32_t x : {22U, 38U}) EXPECT_EQ(test::colour_at(covered[1], x, 30), blue);
        EXPECT_EQ(test::colour_at(covered[1], 30, 2), grey);
    }
}

TEST_F(AnimationOperations, AnyAngleTurnsEachFrame) {
    const std::array squares{test::filled(40, 40, red), test::filled(40, 40, blue)};
    const std::array colours{red, blue};
    const auto results = frames_as_stills(squares, {.rotate = {4'500}});
    ASSERT_EQ(results.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(results[i].width_px, 57U);  // 40 · √2
        EXPECT_EQ(test::alpha_at(results[i], 0, 0), 0);
        EXPECT_EQ(test::alpha_at(results[i], 56, 56), 0);
        EXPECT_EQ(test::colour_at(results[i], 28, 28), colours[i]);
        EXPECT_EQ(test::alpha_at(results[i], 28, 28), 255);
    }
    const auto filled = frames_as_stills(squares, {.rotate = {4'500}, .background = green});
    ASSERT_EQ(filled.size(), 2U);
    for (const Pixels& frame : filled) EXPECT_EQ(test::colour_at(frame, 0, 0), green);
}

TEST_F(AnimationOperations, BlurAndSharpenWorkWithinEachFrame) {
    const std::array frames{halves({60, 60, 60}, {180, 180, 180}), halves({180, 180, 180}, {60, 60, 60})};
    const auto blurred = frames_as_stills(frames, {.blur = {200}});
    const auto sharpened = frames_as_stills(frames, {.sharpen = {200}});
    ASSERT_EQ(blurred.size(), 2U);
    ASSERT_EQ(sharpened.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto at = [](const Pixels& frame, std::uint32_t x) {
            return int{test::colour_at(frame, x, 10).red};
        };
        const int left = at(frames[i], 0);
        const int right = at(frames[i], 39);
        // Half of the light of both at the edge, which is 137, and what was there far from it.
        EXPECT_NEAR(at(blurred[i], 19) + at(blurred[i], 20), 274, 4) << i;
        EXPECT_NEAR(at(blurred[i], 19), 137, 15) << i;
        EXPECT_EQ(at(blurred[i], 5), left) << i;
        EXPECT_EQ(at(blurred[i], 35), right) << i;
        // Further apart at the edge.
        const int direction = left < right ? 1 : -1;
        EXPECT_GT((left - at(sharpened[i], 19)) * direction, 20) << i;
        EXPECT_GT((at(sharpened[i], 20) - right) * direction, 20) << i;
        EXPECT_EQ(at(sharpened[i], 5), left) << i;
    }
}

TEST_F(AnimationOperations, DuotoneAndAdjustmentsColourEachFrame) {
    const std::array frames{halves({0, 0, 0}, white), halves(white, {0, 0, 0})};
    const Duotone colours{{10, 20, 30}, {250, 200, 150}};
    const auto results = frames_as_stills(frames, {.duotone = colours});
    ASSERT_EQ(results.size(), 2U);
    EXPECT_TRUE(looks_the_same(results[0], halves(colours.dark, colours.light)));
    EXPECT_TRUE(looks_the_same(results[1], halves(colours.light, colours.dark)));
    const std::array tinted{halves(red, grey), halves({20, 200, 90}, blue)};
    const Transform adjusted{.saturation = {50}, .brightness = {120}, .contrast = {90}};
    EXPECT_FALSE(looks_the_same(frames_as_stills(tinted, adjusted).at(0), tinted[0]));
}

TEST_F(AnimationOperations, CornersOfEachFrameAreRounded) {
    const std::array frames{test::filled(40, 40, red), test::filled(40, 40, blue)};
    const std::array colours{red, blue};
    const auto results = frames_as_stills(frames, {.corner_radius_px = 20});
    ASSERT_EQ(results.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        double area = 0;
        for (std::size_t at = 3; at < results[i].samples.size(); at += 4)
            area += results[i].samples[at] / 255.0;
        EXPECT_NEAR(area, std::numbers::pi * 20 * 20, 1) << i;
        EXPECT_EQ(test::colour_at(results[i], 20, 20), colours[i]);
    }
}

TEST_F(AnimationOperations, TheWatermarkLiesOnEachFrame) {
    const Bytes logo = animation_of(std::array{test::filled(10, 10, green), test::filled(10, 10, red)});
    const ImageId id = *ImageId::parse("01934b7e-0000-7000-8000-000000000001");
    overlays = {{id, logo}};
    const std::array frames{test::filled(40, 40, red), test::filled(40, 40, blue)};
    const Watermark watermark{.image = id, .opacity = {50}, .scale = {25}, .margin_px = 2};
    const auto results = frames_as_stills(frames, {.watermark = watermark});
    ASSERT_EQ(results.size(), 2U);
    const std::array mixed{Colour{128, 128, 0}, Colour{0, 128, 128}};
    const std::array colours{red, blue};
    for (std::size_t i = 0; i < 2; ++i) {
        Pixels expected = test::filled(40, 40, colours[i]);
        paint(expected, 28, 28, test::filled(10, 10, mixed[i]));
        EXPECT_TRUE(looks_the_same(results[i], expected)) << i;
    }
}

/// All of them one after the other, and with semi-transparent frames.
TEST_F(AnimationOperations, TogetherTheyDoWhatTheyDoToAStillPicture) {
    const Bytes logo = animation_of(std::array{test::filled(8, 8, green), test::filled(8, 8, green)});
    const ImageId id = *ImageId::parse("01934b7e-0000-7000-8000-000000000001");
    overlays = {{id, logo}};
    std::array frames{test::sample_pixels(60, 40, 4), test::sample_pixels(60, 40, 4)};
    std::ranges::reverse(frames[1].samples);
    for (std::size_t i = 3; i < frames[1].samples.size(); i += 4) frames[1].samples[i] = frames[0].samples[i];
    static_cast<void>(frames_as_stills(frames, {.crop = Crop{5, 5, 50, 30},
                                                .rotate = {1'000},
                                                .flip = Flip::horizontal,
                                                .resize = Resize{30, 30},
                                                .contrast = {120},
                                                .blur = {100},
                                                .sharpen = {100},
                                                .watermark = Watermark{.image = id},
                                                .corner_radius_px = 6,
                                                .pad = {1, 2, 3, 4},
                                                .background = Colour{200, 200, 200}}));
}

}  // namespace
}  // namespace safelight
