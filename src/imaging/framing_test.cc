#include "imaging/framing.h"

#include <gtest/gtest.h>

#include "imaging/layout.h"
#include "imaging/mapping.h"

namespace safelight {
namespace {

ImageFacts facts_of(std::uint32_t width, std::uint32_t height,
                    Orientation orientation = Orientation::upright) {
    return {.width_px = width, .height_px = height, .orientation = orientation};
}

Layout laid_out(const Transform& transform, const ImageFacts& facts, const Sight& sight) {
    const auto layout = lay_out(transform, facts, {}, sight);
    EXPECT_TRUE(layout) << (layout ? "" : layout.error().public_text);
    return layout.value_or(Layout{});
}

TEST(Framing, TheFocalPointIsInTheMiddleUnlessTheEdgeIsNear) {
    const ImageFacts facts = facts_of(400, 300);
    const auto left = [&](double x) {
        const Sight sight{.focal_point = FocalPoint{x, 0.5}};
        return laid_out({.resize = Resize{100, 100, Fit::cover, false, Gravity::focal}}, facts, sight)
            .plan.region.left;
    };
    EXPECT_EQ(left(0), 0);
    EXPECT_EQ(left(0.3), 0);
    EXPECT_NEAR(left(0.4), 10, 1e-9);
    EXPECT_NEAR(left(0.5), 50, 1e-9);
    EXPECT_EQ(left(1), 100);
    EXPECT_EQ(
        laid_out({.resize = Resize{100, 100, Fit::cover, false, Gravity::focal}}, facts, {}).plan.region.left,
        50)
        << "the centre when there is none";
}

TEST(Framing, TheFocalPointFollowsEveryTurn) {
    // The point is at (300, 60) of 400 × 240; windows are half as wide as the shorter side and centred on it.
    const FocalPoint focal{0.75, 0.25};
    const ImageFacts facts = facts_of(400, 240);
    struct Case {
        std::uint32_t rotate;
        Flip flip;
        double x;  // in the turned picture
        double y;
    };
    for (const Case& each : {Case{0, Flip::none, 300, 60},
                             {9'000, Flip::none, 180, 300},
                             {18'000, Flip::none, 100, 180},
                             {27'000, Flip::none, 60, 100},
                             {0, Flip::horizontal, 100, 60},
                             {0, Flip::vertical, 300, 180},
                             {9'000, Flip::horizontal, 60, 300}}) {
        const Framing framing{{0, 0, 400, 240}, {}, turn_of(each.rotate / 9'000, each.flip)};
        const Point corner = window_corner(Gravity::focal, framing, 40, 30, facts, {.focal_point = focal});
        EXPECT_NEAR(corner.x + 20, each.x, 1e-9) << each.rotate;
        EXPECT_NEAR(corner.y + 15, each.y, 1e-9) << each.rotate;
    }
}

TEST(Framing, TheFocalPointFollowsCropAndTrimAndRotation) {
    const ImageFacts facts = facts_of(400, 240);
    const Sight sight{.focal_point = FocalPoint{0.5, 0.5}};  // (200, 120)
    const Point cropped = window_corner(Gravity::focal, {{150, 100, 200, 100}}, 20, 20, facts, sight);
    EXPECT_EQ(cropped.x, 40);
    EXPECT_EQ(cropped.y, 10);
    // In the middle of what is rotated it stays in the middle.
    const Framing rotated{{100, 60, 200, 120}, {3'000}, Orientation::mirrored};
    const Sides sides = framed_sides(rotated);
    const Point corner = window_corner(Gravity::focal, rotated, 20, 20, facts, sight);
    EXPECT_NEAR(corner.x + 10, sides.width / 2, 1e-9);
    EXPECT_NEAR(corner.y + 10, sides.height / 2, 1e-9);
    // Outside of the part: the nearest edge.
    const Point outside = window_corner(Gravity::focal, {{0, 0, 100, 50}}, 20, 20, facts, sight);
    EXPECT_EQ(outside.x, 80);
    EXPECT_EQ(outside.y, 30);
}

TEST(Framing, ACropByGravityIsOfTheTrimmedPicture) {
    const ImageFacts facts = facts_of(400, 240);
    const Sight sight{.focal_point = FocalPoint{0.5, 0.5}, .content = Region{100, 40, 200, 100}};
    const auto part = [&](Gravity gravity) {
        return laid_out({.crop = Crop{.width_px = 50, .height_px = 60, .gravity = gravity}}, facts, sight)
            .plan.region;
    };
    EXPECT_EQ(part(Gravity::north_west), (Region{100, 40, 50, 60}));
    EXPECT_EQ(part(Gravity::south_east), (Region{250, 80, 50, 60}));
    EXPECT_EQ(part(Gravity::centre), (Region{175, 60, 50, 60}));
    EXPECT_EQ(part(Gravity::focal), (Region{175, 80, 50, 60}));  // as near to (200, 120) as may be
    const Layout all =
        laid_out({.crop = Crop{.width_px = 999, .height_px = 999, .gravity = Gravity::east}}, facts, sight);
    EXPECT_EQ(all.plan.region, (Region{100, 40, 200, 100}));
    EXPECT_EQ(all.plan.bounds, all.plan.region);
}

TEST(Framing, ACropBeginsInTheTrimmedPicture) {
    const ImageFacts facts = facts_of(400, 240);
    const Sight sight{.content = Region{100, 40, 200, 100}};
    EXPECT_EQ(laid_out({.crop = Crop{10, 20, 500, 30}}, facts, sight).plan.region,
              (Region{110, 60, 190, 30}));
    const auto outside = lay_out({.crop = Crop{200, 0, 5, 5}}, facts, {}, sight);
    ASSERT_FALSE(outside);
    EXPECT_EQ(outside.error().public_text,
              "The crop begins at (200, 0), outside of the picture of 200×100 pixels.");
}

TEST(Framing, WhatIsRotatedHasTwiceTheResolutionOfTheResult) {
    // 4000 × 3000 at 45° is 4950 × 4950; shrunk to 198 × 198 it is 1/25 of it, so 2/25 are rotated.
    const Layout layout =
        laid_out({.rotate = {4'500}, .resize = Resize{198, 198}}, facts_of(4'000, 3'000), {});
    EXPECT_EQ(layout.plan, (Plan{{0, 0, 4'000, 3'000}, 320, 240}));
    ASSERT_TRUE(layout.rotation);
    EXPECT_EQ(layout.rotation->plan, (Plan{{0, 0, 396, 396}, 198, 198}));
    EXPECT_EQ(layout.canvas, (Canvas{198, 198, 0, 0}));
    const Layout full = laid_out({.rotate = {4'500}}, facts_of(400, 300), {});
    EXPECT_EQ(full.plan, (Plan{{0, 0, 400, 300}, 400, 300}));
    EXPECT_EQ(full.rotation->plan, (Plan{{0, 0, 495, 495}, 495, 495}));
}

TEST(Framing, ARotationPastTheLimitsIsRefused) {
    // A line of 1 × 16,383 needs a square of 11,585.
    const auto refused = lay_out({.rotate = {4'500}}, facts_of(1, 16'383), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported_transform);
    const auto small = lay_out({.rotate = {4'500}, .resize = Resize{100, 100}}, facts_of(1, 16'383), {});
    ASSERT_TRUE(small);
    EXPECT_LE(small->rotation->plan.region.width, 250);
    // Cutting a little out of it makes what is rotated no smaller.
    const auto cover = lay_out({.rotate = {4'500}, .resize = Resize{16'000, 10, Fit::cover, true}},
                               facts_of(16'383, 16'383), {});
    ASSERT_FALSE(cover);
    EXPECT_EQ(cover.error().public_text.substr(0, 33), "The rotated picture would be 2317");
}

}  // namespace
}  // namespace safelight
