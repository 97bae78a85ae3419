#include "imaging/geometry.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

Plan planned(const Resize& resize, std::uint32_t width, std::uint32_t height) {
    const auto plan = plan_resize(resize, width, height, {});
    EXPECT_TRUE(plan);
    return plan.value_or(Plan{});
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
    EXPECT_EQ(plan_resize(std::nullopt, 40, 30, {}), (Plan{{0, 0, 40, 30}, 40, 30}));
}

TEST(Geometry, AResultPastTheLimitsIsRefused) {
    const auto too_many = plan_resize(Resize{16000, 16000, Fit::fill, true}, 10, 10, {});
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().code, ErrorCode::unsupported_transform);
    const auto too_long = plan_resize(Resize{2000, 1, Fit::fill, true}, 10, 10, {.side_max_px = 1000});
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code, ErrorCode::unsupported_transform);
}

TEST(Geometry, StoredPlansSwapSidesWithTheOrientation) {
    const Plan displayed{{50, 0, 300, 200}, 90, 60};
    EXPECT_EQ(as_stored(displayed, Orientation::turned_180), displayed);
    EXPECT_EQ(as_stored(displayed, Orientation::turned_90), (Plan{{0, 50, 200, 300}, 60, 90}));
}

}  // namespace
}  // namespace safelight
