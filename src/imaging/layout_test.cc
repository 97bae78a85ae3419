#include "imaging/layout.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

ImageFacts facts_of(std::uint32_t width, std::uint32_t height,
                    Orientation orientation = Orientation::upright) {
    return {.width_px = width, .height_px = height, .orientation = orientation};
}

ErrorCode refusal(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits = {}) {
    const auto layout = lay_out(transform, facts, limits);
    return layout ? ErrorCode::internal : layout.error().code;
}

TEST(Layout, AResultPastTheLimitsIsRefused) {
    EXPECT_EQ(refusal({.resize = Resize{16000, 16000, Fit::fill, true}}, facts_of(10, 10)),
              ErrorCode::unsupported_transform);
    EXPECT_EQ(refusal({.resize = Resize{2000, 1, Fit::fill, true}}, facts_of(10, 10), {.side_max_px = 1000}),
              ErrorCode::unsupported_transform);
    EXPECT_EQ(refusal({.resize = Resize{16000, 16000, Fit::contain}}, facts_of(10, 10)),
              ErrorCode::unsupported_transform);
}

TEST(Layout, GravityIsOfTheDisplayedPicture) {
    // Displayed 300 × 400, stored 400 × 300 and turned by three quarters: its top is the stored right.
    const auto layout = lay_out({.resize = Resize{100, 100, Fit::cover, false, Gravity::north}},
                                facts_of(300, 400, Orientation::turned_270), {});
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->plan, (Plan{{100, 0, 300, 300}, 100, 100}));
    EXPECT_EQ(layout->turn, Orientation::turned_270);
}

TEST(Layout, ACropIsClippedToThePicture) {
    const auto layout = lay_out({.crop = Crop{90, 50, 100, 100}}, facts_of(100, 60), {});
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->plan, (Plan{{90, 50, 10, 10}, 10, 10, Region{90, 50, 10, 10}}));
}

TEST(Layout, ACropOutsideOfThePictureIsRefused) {
    for (const Crop& crop : {Crop{100, 0, 5, 5}, Crop{0, 60, 5, 5}, Crop{16'000, 16'000, 1, 1}}) {
        EXPECT_EQ(refusal({.crop = crop}, facts_of(100, 60)), ErrorCode::unsupported_transform);
    }
    EXPECT_EQ(lay_out({.crop = Crop{100, 7, 5, 5}}, facts_of(100, 60), {}).error().public_text,
              "The crop begins at (100, 7), outside of the picture of 100×60 pixels.");
}

TEST(Layout, GravityIsOfTheCropAsRotated) {
    // The crop is 200 × 100; after a quarter turn 100 × 200, whose top is the crop's left.
    const auto layout = lay_out({.crop = Crop{10, 20, 200, 100},
                                 .rotate = {9'000},
                                 .resize = Resize{50, 50, Fit::cover, false, Gravity::north}},
                                facts_of(300, 200), {});
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->plan, (Plan{{10, 20, 100, 100}, 50, 50, Region{10, 20, 200, 100}}));
    EXPECT_EQ(layout->turn, Orientation::turned_90);
}

TEST(Layout, PadIsAddedAroundTheBox) {
    const auto layout =
        lay_out({.resize = Resize{50, 50, Fit::contain}, .pad = {1, 2, 3, 4}}, facts_of(100, 60), {});
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->canvas, (Canvas{56, 54, 4, 11}));
    EXPECT_EQ(refusal({.pad = {.left_px = 16'383}}, facts_of(1, 1)), ErrorCode::unsupported_transform);
}

}  // namespace
}  // namespace safelight
