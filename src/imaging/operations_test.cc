// Trim, gravities that look at the picture, rotation, duotone, corners and watermarks on whole files.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "imaging/imaging.h"
#include "imaging/orient.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

/// A PNG of 8-bit grey or RGB pixels.
Bytes png_file(const Pixels& pixels) {
    constexpr std::array<std::uint8_t, 5> colour_types{0, 0, 4, 2, 6};
    Bytes rows;
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        rows.push_back(std::byte{0});
        for (std::size_t i = 0; i < pixels.row_bytes(); ++i) rows.push_back(std::byte{pixels.row(y)[i]});
    }
    return test::png_of(pixels.width_px, pixels.height_px, 8, colour_types[pixels.channels], rows);
}

Pixels uniform(std::uint32_t width, std::uint32_t height, std::vector<std::uint8_t> colour) {
    Pixels pixels(width, height, static_cast<std::uint32_t>(colour.size()));
    for (std::size_t i = 0; i < pixels.samples.size(); ++i) pixels.samples[i] = colour[i % colour.size()];
    return pixels;
}

void paint(Pixels& pixels, std::uint32_t left, std::uint32_t top, const Pixels& part) {
    for (std::uint32_t y = 0; y < part.height_px; ++y) {
        std::copy_n(part.row(y), part.row_bytes(), pixels.row(top + y) + std::size_t{left} * pixels.channels);
    }
}

std::vector<std::uint8_t> pixel(const Pixels& pixels, std::uint32_t x, std::uint32_t y) {
    const std::uint8_t* from = pixels.row(y) + std::size_t{x} * pixels.channels;
    return {from, from + pixels.channels};
}

class Operations : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    Result<Pixels> tried(const Bytes& file, std::string_view json, Format format = Format::png) const {
        auto transform = parse_transform(json);
        EXPECT_TRUE(transform) << json;
        if (!transform) return forward(std::move(transform));
        transform->format = format;
        TRY_ASSIGN(RenderOutput output, render_all({.bytes = file,
                                                    .transforms = std::span(&*transform, 1),
                                                    .focal_point = focal_point,
                                                    .overlays = overlays},
                                                   {}, {}));
        if (!output.pictures.front()) return forward(std::move(output.pictures.front()));
        return test::decoded(output.pictures.front()->bytes);
    }
    Pixels made(const Bytes& file, std::string_view json, Format format = Format::png) const {
        auto pixels = tried(file, json, format);
        EXPECT_TRUE(pixels) << json << (pixels ? "" : pixels.error().public_text);
        return pixels.value_or(Pixels());
    }

    std::optional<FocalPoint> focal_point;
    std::vector<OverlayFile> overlays;
};

TEST_F(Operations, TrimLeavesTheContentExactly) {
    for (const std::uint32_t channels : {1U, 3U, 4U}) {
        const Pixels content = test::sample_pixels(31, 17, channels);
        Pixels page = uniform(90, 70, std::vector<std::uint8_t>(channels, 255));
        paint(page, 12, 40, content);
        EXPECT_EQ(made(png_file(page), R"({"trim":0})").samples, content.samples) << channels;
    }
}

TEST_F(Operations, ATrimmedPictureIsWhatCropAndResizeSee) {
    const Pixels content = test::sample_pixels(40, 20, 3);
    Pixels page = uniform(100, 100, {255, 255, 255});
    paint(page, 50, 70, content);
    const Pixels cropped =
        made(png_file(page), R"({"trim":10,"crop":{"x":30,"y":10,"width":99,"height":99}})");
    EXPECT_EQ(cropped.width_px, 10U);
    EXPECT_EQ(cropped.height_px, 10U);
    EXPECT_EQ(pixel(cropped, 0, 0), pixel(content, 30, 10));
    const Pixels small = made(png_file(page), R"({"trim":10,"resize":{"width":20}})");
    EXPECT_LT(test::mean_difference(small, test::sample_pixels(20, 10, 3)), 3);
}

TEST_F(Operations, TrimKeepsAThinLine) {
    // One pixel wide: it would be lost in what is decoded smaller.
    Pixels page = uniform(800, 600, {255});
    paint(page, 77, 100, uniform(1, 300, {200}));
    paint(page, 500, 333, uniform(1, 1, {0}));
    const Pixels out = made(png_file(page), R"({"trim":20})");
    EXPECT_EQ(out.width_px, 424U);
    EXPECT_EQ(out.height_px, 300U);
}

TEST_F(Operations, TrimOfNothingButBorderCutsNothing) {
    for (const auto& [width, height] : {std::pair{1U, 1U}, {1U, 9'000U}, {60U, 40U}}) {
        const Pixels out = made(png_file(uniform(width, height, {5, 6, 7})), R"({"trim":255})");
        EXPECT_EQ(out.width_px, width);
        EXPECT_EQ(out.height_px, height);
    }
}

TEST_F(Operations, GravityFindsWhatMattersInEveryOrientation) {
    // A checkered patch near the right end of an even picture of 640 × 200, turned in all ways.
    for (const std::string_view gravity : {"attention", "entropy", "focal"}) {
        focal_point = FocalPoint{0.75, 0.5};
        Pixels upright = uniform(640, 200, {110, 120, 110});
        for (std::uint32_t y = 80; y < 120; ++y) {
            for (std::uint32_t x = 460; x < 500; ++x) {
                const auto grey = static_cast<std::uint8_t>((x / 3 * 3 + y / 3 * 70) % 200 + 30);
                std::fill_n(upright.row(y) + std::size_t{x} * 3, 3, grey);
            }
        }
        const auto patch_left = [&](std::string_view turn) {
            const std::string json = R"({"resize":{"width":100,"height":100,"fit":"cover","gravity":")" +
                                     std::string(gravity) + "\"}" + std::string(turn) + "}";
            const Pixels out = made(png_file(upright), json);
            for (std::uint32_t x = 0; x < out.width_px; ++x) {
                if (std::abs(int{pixel(out, x, 50)[0]} - 110) > 10) return x;
            }
            return 100U;
        };
        // The patch is 20 of 100 pixels wide in the result: about the middle.
        EXPECT_NEAR(patch_left(""), 40, 3) << gravity;
        EXPECT_NEAR(patch_left(R"(,"flip":"horizontal")"), 40, 3) << gravity;
        EXPECT_NEAR(patch_left(R"(,"rotate":180)"), 40, 3) << gravity;
        const Pixels turned =
            made(png_file(upright), R"({"rotate":90,"resize":{"width":100,"height":100,"fit":"cover",)"
                                    R"("gravity":")" +
                                        std::string(gravity) + "\"}}");
        EXPECT_GT(
            std::abs(int{pixel(turned, 50, 50)[0]} - 110) + std::abs(int{pixel(turned, 45, 45)[0]} - 110), 10)
            << gravity;
        EXPECT_EQ(pixel(turned, 50, 5)[0], 110) << gravity;
    }
}

TEST_F(Operations, ACropByGravityCopiesPixels) {
    Pixels upright = uniform(300, 300, {110, 120, 110});
    const Pixels patch = test::sample_pixels(40, 40, 3);
    paint(upright, 200, 30, patch);
    for (const std::string_view gravity : {"attention", "entropy"}) {
        const Pixels out = made(png_file(upright), R"({"crop":{"width":60,"height":60,"gravity":")" +
                                                       std::string(gravity) + "\"}}");
        ASSERT_EQ(out.width_px, 60U);
        // All of the patch is there, unchanged.
        bool found = false;
        for (std::uint32_t y = 0; y <= 20 && !found; ++y) {
            for (std::uint32_t x = 0; x <= 20 && !found; ++x) {
                found = pixel(out, x, y) == pixel(patch, 0, 0) &&
                        pixel(out, x + 39, y + 39) == pixel(patch, 39, 39);
            }
        }
        EXPECT_TRUE(found) << gravity;
    }
}

TEST_F(Operations, GravitiesBearTheSmallestAndTheThinnest) {
    for (const auto& [width, height] : {std::pair{1U, 1U}, {1U, 9'000U}, {9'000U, 1U}}) {
        const Bytes file = png_file(uniform(width, height, {9, 90, 200}));
        for (const std::string_view gravity : {"attention", "entropy", "focal"}) {
            const Pixels out =
                made(file, R"({"crop":{"width":5,"height":5,"gravity":")" + std::string(gravity) +
                               R"("},"resize":{"width":3,"height":4,"fit":"cover","enlarge":true,)" +
                               R"("gravity":")" + std::string(gravity) + "\"}}");
            EXPECT_EQ(out.width_px, 3U);
            EXPECT_EQ(pixel(out, 1, 1), (std::vector<std::uint8_t>{9, 90, 200}));
        }
    }
}

TEST_F(Operations, RotationFillsTheCornersAsPadDoes) {
    const Bytes file = png_file(uniform(100, 100, {200, 30, 40}));
    const Pixels clear = made(file, R"({"rotate":45})");
    ASSERT_EQ(clear.channels, 4U);
    EXPECT_EQ(clear.width_px, 142U);
    EXPECT_EQ(clear.height_px, 142U);
    EXPECT_EQ(pixel(clear, 0, 0)[3], 0);
    EXPECT_EQ(pixel(clear, 71, 71), (std::vector<std::uint8_t>{200, 30, 40, 255}));
    const Pixels filled = made(file, R"({"rotate":45,"background":"#0000ff","pad":{"top":2}})");
    ASSERT_EQ(filled.channels, 3U);
    EXPECT_EQ(pixel(filled, 0, 0), (std::vector<std::uint8_t>{0, 0, 255}));
    EXPECT_EQ(pixel(filled, 0, 2), (std::vector<std::uint8_t>{0, 0, 255}));
    const Pixels white = made(file, R"({"rotate":45,"quality":100})", Format::jpeg);
    ASSERT_EQ(white.channels, 3U);
    for (const std::uint8_t sample : pixel(white, 3, 3)) EXPECT_GE(sample, 250);
}

TEST_F(Operations, RotationComesBetweenCropAndFlipAndResize) {
    // After a half turn less half a degree everything is nearly where a half turn has it.
    const Pixels whole = test::sample_pixels(200, 150, 3);
    const Bytes file = png_file(whole);
    const Pixels exact = made(file, R"({"crop":{"x":40,"y":30,"width":120,"height":80},"rotate":180,)"
                                    R"("flip":"horizontal","resize":{"width":60}})");
    const Pixels near = made(file, R"({"crop":{"x":40,"y":30,"width":120,"height":80},"rotate":179.9,)"
                                   R"("flip":"horizontal","resize":{"width":60},"background":"#808080"})");
    ASSERT_EQ(near.width_px, 60U);
    for (std::uint32_t y = 3; y < 37; y += 5) {
        for (std::uint32_t x = 3; x < 57; x += 5) {
            for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(pixel(near, x, y)[c], pixel(exact, x, y)[c], 4);
        }
    }
}

TEST_F(Operations, RotationFollowsTheOrientation) {
    const Pixels upright = made(test::oriented_jpeg(Orientation::upright, 80, 60), R"({"rotate":30})");
    for (int i = 2; i <= 8; ++i) {
        const Bytes file = test::oriented_jpeg(static_cast<Orientation>(i), 80, 60);
        EXPECT_LT(test::mean_difference(made(file, R"({"rotate":30})"), upright), 3) << i;
    }
}

TEST_F(Operations, RotationPastTheLimitsFailsAlone) {
    const auto out = tried(png_file(uniform(1, 16'000, {7})), R"({"rotate":45})");
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::unsupported_transform);
    EXPECT_EQ(made(png_file(uniform(1, 16'000, {7})), R"({"rotate":45,"resize":{"width":50}})").width_px,
              50U);
    EXPECT_EQ(made(png_file(uniform(1, 1, {7})), R"({"rotate":45})").width_px, 2U);
}

TEST_F(Operations, CornersAreRoundedInThePixelsOfTheResult) {
    const Bytes file = test::sample_file(Format::png, 200, 200);
    const Pixels disc = made(file, R"({"resize":{"width":50},"corner_radius":25})");
    ASSERT_EQ(disc.channels, 4U);
    double area = 0;
    for (std::size_t i = 3; i < disc.samples.size(); i += 4) area += disc.samples[i] / 255.0;
    EXPECT_NEAR(area, std::numbers::pi * 25 * 25, 1);
    const Pixels red = made(file, R"({"corner_radius":30,"background":"#ff0000","pad":{"left":1}})");
    EXPECT_EQ(pixel(red, 1, 0), (std::vector<std::uint8_t>{255, 0, 0}));
    const Pixels white = made(file, R"({"corner_radius":60,"quality":100})", Format::jpeg);
    for (const std::uint8_t sample : pixel(white, 0, 0)) EXPECT_GE(sample, 250);
}

TEST_F(Operations, DuotoneComesAfterContrast) {
    const Bytes file = png_file(uniform(4, 4, {200, 200, 200}));
    const Pixels out = made(file, R"({"contrast":0,"duotone":{"dark":"#000000","light":"#ff0080"}})");
    EXPECT_EQ(pixel(out, 1, 1), (std::vector<std::uint8_t>{128, 0, 64}));
}

class WatermarkedFile : public Operations {
  protected:
    void SetUp() override {
        Operations::SetUp();
        overlays = {{*ImageId::parse("01934b7e-0000-7000-8000-000000000001"), logo}};
    }
    Bytes logo = png_file(uniform(10, 10, {255, 0, 0}));
};

TEST_F(WatermarkedFile, LiesOnTheResultBelowItsCorners) {
    const Pixels out = made(png_file(uniform(200, 100, {0, 0, 255})),
                            R"({"resize":{"width":100},"corner_radius":10,"pad":{"left":7},"watermark":)"
                            R"({"image":"01934b7e-0000-7000-8000-000000000001","scale":0.2,"opacity":0.5}})");
    ASSERT_EQ(out.channels, 4U);
    EXPECT_EQ(pixel(out, 95, 40), (std::vector<std::uint8_t>{128, 0, 128, 255}));
    EXPECT_EQ(pixel(out, 85, 40), (std::vector<std::uint8_t>{0, 0, 255, 255}));
    EXPECT_EQ(pixel(out, 106, 49)[3], 0);
}

TEST_F(WatermarkedFile, IsNotChangedByGreyscale) {
    const Pixels out =
        made(png_file(uniform(40, 40, {0, 0, 255})),
             R"({"greyscale":true,"watermark":{"image":"01934b7e-0000-7000-8000-000000000001"}})");
    EXPECT_EQ(pixel(out, 39, 39), (std::vector<std::uint8_t>{255, 0, 0}));
    EXPECT_EQ(pixel(out, 0, 0)[0], pixel(out, 0, 0)[2]);
}

TEST_F(WatermarkedFile, ThatIsNotThereFailsAlone) {
    auto wanted = parse_transform(R"({"watermark":{"image":"01934b7e-0000-7000-8000-000000000002"}})");
    ASSERT_TRUE(wanted);
    const std::array transforms{*wanted, Transform{}};
    const auto results = test::rendered(test::sample_file(Format::png, 20, 20), transforms, {}, {});
    ASSERT_TRUE(results);
    ASSERT_FALSE((*results)[0]);
    EXPECT_EQ((*results)[0].error().code, ErrorCode::unsupported_transform);
    EXPECT_EQ((*results)[0].error().public_text, "\"watermark\": its image is not there.");
    EXPECT_TRUE((*results)[1]);
}

TEST_F(Operations, EveryChannelCountGoesThroughAllOfThem) {
    const Bytes logo = png_file(uniform(3, 3, {255}));
    overlays = {{*ImageId::parse("01934b7e-0000-7000-8000-000000000001"), logo}};
    for (const std::uint32_t channels : {1U, 2U, 3U, 4U}) {
        const Pixels out =
            made(png_file(test::sample_pixels(50, 40, channels)),
                 R"({"trim":3,"crop":{"width":40,"height":30,"gravity":"attention"},"rotate":10,)"
                 R"("resize":{"width":20,"height":20,"fit":"cover","gravity":"entropy"},)"
                 R"("duotone":{"dark":"#102030","light":"#ffeedd"},"corner_radius":5,"watermark":)"
                 R"({"image":"01934b7e-0000-7000-8000-000000000001"}})");
        EXPECT_EQ(out.width_px, 20U) << channels;
        EXPECT_EQ(out.height_px, 20U) << channels;
        EXPECT_EQ(out.channels, 4U) << channels;
        EXPECT_EQ(pixel(out, 0, 0)[3], 0) << channels;
    }
}

}  // namespace
}  // namespace safelight
