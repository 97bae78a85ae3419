#include "imaging/watermark.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "imaging/test_pictures.h"

namespace safelight {
namespace {

Pixels uniform(std::uint32_t width, std::uint32_t height, std::vector<std::uint8_t> colour) {
    Pixels pixels(width, height, static_cast<std::uint32_t>(colour.size()));
    for (std::size_t i = 0; i < pixels.samples.size(); ++i) pixels.samples[i] = colour[i % colour.size()];
    return pixels;
}

const ImageId logo{*Uuid::parse("01934b7e-0000-7000-8000-000000000001")};

class WatermarkTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Result<Pixels> marked(const test::Bytes& file, const Watermark& watermark, const Pixels& picture,
                                 const ImageLimits& limits = {}) {
        const OverlayFile overlay{logo, file};
        const StopCheck never;
        OverlayReader overlays(std::span(&overlay, 1), limits, never);
        return add_watermark(picture, watermark, overlays);
    }
};

TEST_F(WatermarkTest, ItsWidthIsAShareOfThePicturesAndItsHeightFollows) {
    const Pixels picture = uniform(400, 300, {0});
    EXPECT_EQ(overlay_size({.image = logo}, picture, 50, 20), (OverlaySize{100, 40}));
    EXPECT_EQ(overlay_size({.image = logo, .scale = {1}}, picture, 1'000, 10), (OverlaySize{4, 1}));
    // Never higher than the picture, whatever it is.
    EXPECT_EQ(overlay_size({.image = logo, .scale = {100}}, picture, 100, 200), (OverlaySize{150, 300}));
    EXPECT_EQ(overlay_size({.image = logo, .scale = {100}}, picture, 1, 65'535), (OverlaySize{1, 300}));
    EXPECT_EQ(overlay_size({.image = logo}, uniform(1, 1, {0}), 640, 480), (OverlaySize{1, 1}));
}

TEST_F(WatermarkTest, LiesWhereItsPositionSays) {
    const Pixels picture = uniform(100, 60, {0});
    const OverlaySize size{20, 10};
    const auto at = [&](Gravity position) {
        return overlay_offset({.image = logo, .position = position, .margin_px = 3}, picture, size);
    };
    EXPECT_EQ(at(Gravity::north_west), (Offset{3, 3}));
    EXPECT_EQ(at(Gravity::north), (Offset{40, 3}));
    EXPECT_EQ(at(Gravity::north_east), (Offset{77, 3}));
    EXPECT_EQ(at(Gravity::west), (Offset{3, 25}));
    EXPECT_EQ(at(Gravity::centre), (Offset{40, 25}));
    EXPECT_EQ(at(Gravity::east), (Offset{77, 25}));
    EXPECT_EQ(at(Gravity::south_west), (Offset{3, 47}));
    EXPECT_EQ(at(Gravity::south), (Offset{40, 47}));
    EXPECT_EQ(at(Gravity::south_east), (Offset{77, 47}));
}

TEST_F(WatermarkTest, SourceOverDestination) {
    const Pixels over = uniform(1, 1, {200, 100, 0, 128});
    // On an opaque picture: 100 + (200 − 100)·128/255 = 150.2, and so on.
    EXPECT_EQ(lay_over(uniform(1, 1, {100, 100, 100}), over, {0, 0}, {100}).samples,
              (std::vector<std::uint8_t>{150, 100, 50}));
    // Half of it: 100 + 100·0.251 = 125.1.
    EXPECT_EQ(lay_over(uniform(1, 1, {100, 100, 100}), over, {0, 0}, {50}).samples,
              (std::vector<std::uint8_t>{125, 100, 75}));
    // On nothing it is itself; on half transparent: alpha 0.502 + 0.498·0.502 = 0.752.
    EXPECT_EQ(lay_over(uniform(1, 1, {9, 9, 9, 0}), over, {0, 0}, {100}).samples,
              (std::vector<std::uint8_t>{200, 100, 0, 128}));
    EXPECT_EQ(lay_over(uniform(1, 1, {0, 0, 0, 128}), over, {0, 0}, {100}).samples,
              (std::vector<std::uint8_t>{134, 67, 0, 192}));
    // Nothing over nothing.
    EXPECT_EQ(lay_over(uniform(1, 1, {9, 0}), uniform(1, 1, {5, 0}), {0, 0}, {100}).samples,
              (std::vector<std::uint8_t>{9, 0}));
}

TEST_F(WatermarkTest, GreyBecomesColourOnlyUnderColour) {
    const Pixels coloured = lay_over(uniform(2, 1, {50}), uniform(1, 1, {255, 0, 0}), {1, 0}, {100});
    EXPECT_EQ(coloured.samples, (std::vector<std::uint8_t>{50, 50, 50, 255, 0, 0}));
    const Pixels grey = lay_over(uniform(2, 1, {50}), uniform(1, 1, {200}), {0, 0}, {100});
    EXPECT_EQ(grey.samples, (std::vector<std::uint8_t>{200, 50}));
    const Pixels on_rgb = lay_over(uniform(1, 1, {1, 2, 3}), uniform(1, 1, {200, 255}), {0, 0}, {100});
    EXPECT_EQ(on_rgb.samples, (std::vector<std::uint8_t>{200, 200, 200}));
}

TEST_F(WatermarkTest, WhatSticksOutIsCutOff) {
    const Pixels picture = uniform(4, 4, {0});
    const Pixels mark = uniform(3, 3, {255});
    const Pixels corner = lay_over(picture, mark, {-2, -2}, {100});
    EXPECT_EQ(corner.samples[0], 255);
    EXPECT_EQ(std::ranges::count(corner.samples, 255), 1);
    EXPECT_EQ(std::ranges::count(lay_over(picture, mark, {3, 2}, {100}).samples, 255), 2);
    for (const Offset& away : {Offset{4, 0}, {0, -3}, {-20'000, 0}, {0, 20'000}}) {
        EXPECT_EQ(lay_over(picture, mark, away, {100}).samples, picture.samples);
    }
}

TEST_F(WatermarkTest, AFileIsLaidOnThePicture) {
    const test::Bytes file = test::sample_file(Format::png, 40, 20);
    const auto out = marked(file, {.image = logo, .position = Gravity::south_east, .margin_px = 5},
                            uniform(200, 100, {0, 0, 0}));
    ASSERT_TRUE(out);
    // A quarter of 200 is 50 × 25, from (145, 70) on.
    const Pixels expected = test::sample_pixels(50, 25, 3);
    for (std::uint32_t y = 0; y < 25; ++y) {
        for (std::size_t i = 0; i < 150; ++i)
            EXPECT_NEAR(out->row(70 + y)[145 * 3 + i], expected.row(y)[i], 4);
    }
    EXPECT_EQ(out->row(69)[145 * 3], 0);
    EXPECT_EQ(out->row(70)[144 * 3], 0);
    EXPECT_EQ(out->row(95)[150 * 3], 0);
}

TEST_F(WatermarkTest, IsTurnedUprightFirst) {
    const test::Bytes file = test::oriented_jpeg(Orientation::turned_90, 40, 20);
    const auto out = marked(file, {.image = logo, .position = Gravity::north_west, .scale = {100}},
                            uniform(40, 20, {0, 0, 0}));
    ASSERT_TRUE(out);
    EXPECT_LT(test::mean_difference(*out, test::sample_pixels(40, 20, 3)), 5);
}

TEST_F(WatermarkTest, IsDecodedOnceForAllFramesOfASize) {
    const test::Bytes file = test::sample_file(Format::png, 40, 20);
    const OverlayFile overlay{logo, file};
    const ImageLimits limits;
    int asked = 0;
    const StopCheck counting = [&asked] { return ++asked < 0; };
    OverlayReader overlays(std::span(&overlay, 1), limits, counting);
    const auto first = overlays.read({.image = logo}, uniform(100, 100, {0}));
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->width_px, 25U);
    const int once = asked;
    ASSERT_TRUE(overlays.read({.image = logo}, uniform(100, 100, {9})));
    EXPECT_EQ(asked, once);
    const auto larger = overlays.read({.image = logo}, uniform(200, 100, {0}));
    ASSERT_TRUE(larger);
    EXPECT_EQ((*larger)->width_px, 50U);
    EXPECT_GT(asked, once);
}

TEST_F(WatermarkTest, WhatIsMissingOrBrokenIsSaid) {
    const Pixels picture = uniform(10, 10, {0});
    const ImageLimits limits;
    const StopCheck never;
    OverlayReader none({}, limits, never);
    const auto missing = add_watermark(picture, {.image = logo}, none);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::unsupported_transform);
    EXPECT_EQ(missing.error().public_text, "\"watermark\": its image is not there.");
    test::Bytes cut = test::sample_file(Format::png, 300, 200);
    cut.resize(cut.size() / 2);
    for (const test::Bytes& broken : {cut, test::bytes_of("no picture"), test::Bytes{}}) {
        const auto out = marked(broken, {.image = logo}, picture);
        ASSERT_FALSE(out);
        EXPECT_EQ(out.error().code, ErrorCode::unsupported_transform);
        EXPECT_TRUE(out.error().public_text.starts_with("\"watermark\": its image cannot be used. "));
    }
    const auto large =
        marked(test::sample_file(Format::png, 40, 20), {.image = logo}, picture, {.pixels_max = 799});
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, ErrorCode::unsupported_transform);
}

}  // namespace
}  // namespace safelight
