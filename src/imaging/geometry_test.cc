#include "imaging/geometry.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

Plan planned(const Resize& resize, std::uint32_t width, std::uint32_t height) {
    return plan_resize(resize, width, height);
}

std::pair<std::uint32_t, std::uint32_t> sides(const Resize& resize, std::uint32_t width,
                                              std::uint32_t height) {
    const Plan plan = planned(resize, width, height);
    return {plan.width_px, plan.height_px};
}

using Sides = std::pair<std::uint32_t, std::uint32_t>;

TEST(Geometry, InsideKeepsTheAspectRatio) {
    EXPECT_EQ(sides({100, 100, Fit::inside}, 4000, 3000), Sides(100, 75));
    EXPECT_EQ(sides({100, 100, Fit::inside}, 3000, 4000), Sides(75, 100));
    EXPECT_EQ(sides({100, {}, Fit::inside}, 400, 300), Sides(100, 75));
    EXPECT_EQ(sides({{}, 100, Fit::inside}, 400, 300), Sides(133, 100));
}

TEST(Geometry, RoundsHalfUp) {
    EXPECT_EQ(sides({100, 100, Fit::inside}, 1000, 5), Sides(100, 1));     // 0.5
    EXPECT_EQ(sides({100, 100, Fit::inside}, 1000, 665), Sides(100, 67));  // 66.5
    EXPECT_EQ(sides({100, 100, Fit::inside}, 1000, 664), Sides(100, 66));  // 66.4
}

TEST(Geometry, NoSideIsEverZero) {
    EXPECT_EQ(sides({100, 100, Fit::inside}, 1, 16383), Sides(1, 100));
    EXPECT_EQ(sides({100, 100, Fit::inside}, 16383, 1), Sides(100, 1));
    EXPECT_EQ(sides({1, 1, Fit::cover}, 16383, 1), Sides(1, 1));
    EXPECT_EQ(sides({1, 1, Fit::fill}, 1, 1), Sides(1, 1));
}

TEST(Geometry, NothingIsEnlargedUnlessAsked) {
    EXPECT_EQ(sides({100, 100, Fit::inside}, 40, 30), Sides(40, 30));
    EXPECT_EQ(sides({100, 100, Fit::outside}, 40, 30), Sides(40, 30));
    EXPECT_EQ(sides({100, 100, Fit::fill}, 40, 300), Sides(40, 100));
    EXPECT_EQ(sides({100, 100, Fit::inside, true}, 40, 30), Sides(100, 75));
    EXPECT_EQ(sides({100, 100, Fit::fill, true}, 40, 300), Sides(100, 100));
}

TEST(Geometry, OutsideCoversTheBox) {
    EXPECT_EQ(sides({100, 100, Fit::outside}, 400, 300), Sides(133, 100));
}

TEST(Geometry, CoverTakesTheMiddle) {
    const Plan plan = planned({100, 100, Fit::cover}, 400, 300);
    EXPECT_EQ(plan, (Plan{{50, 0, 300, 300}, 100, 100}));
    EXPECT_EQ(planned({200, 100, Fit::cover}, 300, 300), (Plan{{0, 75, 300, 150}, 200, 100}));
}

TEST(Geometry, CoverOfASmallPictureKeepsTheShapeOfTheBox) {
    EXPECT_EQ(planned({200, 200, Fit::cover}, 150, 300), (Plan{{0, 75, 150, 150}, 150, 150}));
    EXPECT_EQ(sides({200, 200, Fit::cover, true}, 150, 300), Sides(200, 200));
}

TEST(Geometry, WithoutResizeNothingChanges) {
    EXPECT_EQ(plan_resize(std::nullopt, 40, 30), (Plan{{0, 0, 40, 30}, 40, 30}));
}

TEST(Geometry, GravitySaysWhatCoverKeeps) {
    const auto kept = [](Gravity gravity, std::uint32_t width, std::uint32_t height) {
        return planned({100, 100, Fit::cover, false, gravity}, width, height).region;
    };
    // Wide: only left and right are cut off.
    for (const Gravity gravity : {Gravity::west, Gravity::north_west, Gravity::south_west}) {
        EXPECT_EQ(kept(gravity, 400, 300), (Region{0, 0, 300, 300}));
    }
    for (const Gravity gravity : {Gravity::east, Gravity::north_east, Gravity::south_east}) {
        EXPECT_EQ(kept(gravity, 400, 300), (Region{100, 0, 300, 300}));
    }
    for (const Gravity gravity : {Gravity::centre, Gravity::north, Gravity::south}) {
        EXPECT_EQ(kept(gravity, 400, 300), (Region{50, 0, 300, 300}));
    }
    // High: only top and bottom.
    for (const Gravity gravity : {Gravity::north, Gravity::north_west, Gravity::north_east}) {
        EXPECT_EQ(kept(gravity, 300, 400), (Region{0, 0, 300, 300}));
    }
    for (const Gravity gravity : {Gravity::south, Gravity::south_west, Gravity::south_east}) {
        EXPECT_EQ(kept(gravity, 300, 400), (Region{0, 100, 300, 300}));
    }
    for (const Gravity gravity : {Gravity::centre, Gravity::west, Gravity::east}) {
        EXPECT_EQ(kept(gravity, 300, 400), (Region{0, 50, 300, 300}));
    }
}

TEST(Geometry, LongestSideBoundsEither) {
    const Resize resize{.longest_side_px = 100};
    EXPECT_EQ(sides(resize, 400, 300), Sides(100, 75));
    EXPECT_EQ(sides(resize, 300, 400), Sides(75, 100));
    EXPECT_EQ(sides(resize, 40, 30), Sides(40, 30));
    EXPECT_EQ(sides({.enlarge = true, .longest_side_px = 100}, 40, 30), Sides(100, 75));
}

TEST(Geometry, DprMultipliesTheBox) {
    EXPECT_EQ(sides({.width_px = 100, .dpr = {200}}, 400, 300), Sides(200, 150));
    EXPECT_EQ(sides({100, 100, Fit::cover, false, Gravity::centre, {}, {}, {150}}, 400, 300),
              Sides(150, 150));
    EXPECT_EQ(sides({.longest_side_px = 33, .dpr = {150}}, 400, 400), Sides(50, 50));  // 49.5
    EXPECT_EQ(sides({.width_px = 300, .dpr = {200}}, 400, 300), Sides(400, 300));
}

Canvas contained(Gravity gravity, std::uint32_t width, std::uint32_t height, bool enlarge = false) {
    const Resize resize{101, 50, Fit::contain, enlarge, gravity};
    return canvas_of(resize, plan_resize(resize, width, height));
}

TEST(Geometry, ContainKeepsTheWholePictureInTheBox) {
    EXPECT_EQ(sides({100, 100, Fit::contain}, 400, 300), Sides(100, 75));
    EXPECT_EQ(contained(Gravity::centre, 100, 100), (Canvas{101, 50, 25, 0}));  // 51 columns are left over
    EXPECT_EQ(contained(Gravity::west, 100, 100), (Canvas{101, 50, 0, 0}));
    EXPECT_EQ(contained(Gravity::east, 100, 100), (Canvas{101, 50, 51, 0}));
    EXPECT_EQ(contained(Gravity::south_east, 21, 10), (Canvas{101, 50, 80, 40}));
    EXPECT_EQ(contained(Gravity::centre, 10, 10, true), (Canvas{101, 50, 25, 0}));
}

TEST(Geometry, OtherFitsNeedNoCanvas) {
    const Resize resize{100, 100, Fit::inside};
    EXPECT_EQ(canvas_of(resize, plan_resize(resize, 400, 300)), (Canvas{100, 75, 0, 0}));
    EXPECT_EQ(canvas_of({}, plan_resize({}, 40, 30)), (Canvas{40, 30, 0, 0}));
}

TEST(Geometry, StoredPlansFollowTheOrientation) {
    // Displayed 100 × 60; 10 are left over at the left, 60 at the right, 5 at the top and 35 at the bottom.
    const Plan displayed{{10, 5, 30, 20}, 9, 6};
    const auto stored = [&](Orientation orientation) { return as_stored(displayed, orientation, 100, 60); };
    EXPECT_EQ(stored(Orientation::upright), displayed);
    EXPECT_EQ(stored(Orientation::mirrored), (Plan{{60, 5, 30, 20}, 9, 6}));
    EXPECT_EQ(stored(Orientation::turned_180), (Plan{{60, 35, 30, 20}, 9, 6}));
    EXPECT_EQ(stored(Orientation::mirrored_180), (Plan{{10, 35, 30, 20}, 9, 6}));
    EXPECT_EQ(stored(Orientation::mirrored_270), (Plan{{5, 10, 20, 30}, 6, 9}));
    EXPECT_EQ(stored(Orientation::turned_90), (Plan{{5, 60, 20, 30}, 6, 9}));
    EXPECT_EQ(stored(Orientation::mirrored_90), (Plan{{35, 60, 20, 30}, 6, 9}));
    EXPECT_EQ(stored(Orientation::turned_270), (Plan{{35, 10, 20, 30}, 6, 9}));
}

TEST(Geometry, BoundsFollowTheirPlan) {
    const Plan displayed{{10, 5, 30, 20}, 9, 6, Region{8, 4, 40, 30}};
    EXPECT_EQ(as_stored(displayed, Orientation::turned_90, 100, 60),
              (Plan{{5, 60, 20, 30}, 6, 9, Region{4, 52, 30, 40}}));
    EXPECT_EQ(shrunk(displayed, 2), (Plan{{5, 2.5, 15, 10}, 9, 6, Region{4, 2, 20, 15}}));
}

}  // namespace
}  // namespace safelight
