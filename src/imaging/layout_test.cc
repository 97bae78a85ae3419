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
    EXPECT_EQ(refusal({Resize{16000, 16000, Fit::fill, true}, {}, {}}, facts_of(10, 10)),
              ErrorCode::unsupported_transform);
    EXPECT_EQ(refusal({Resize{2000, 1, Fit::fill, true}, {}, {}}, facts_of(10, 10), {.side_max_px = 1000}),
              ErrorCode::unsupported_transform);
    EXPECT_EQ(refusal({Resize{16000, 16000, Fit::contain}, {}, {}}, facts_of(10, 10)),
              ErrorCode::unsupported_transform);
}

TEST(Layout, GravityIsOfTheDisplayedPicture) {
    // Displayed 300 × 400, stored 400 × 300 and turned by three quarters: its top is the stored right.
    const auto layout = lay_out({Resize{100, 100, Fit::cover, false, Gravity::north}, {}, {}},
                                facts_of(300, 400, Orientation::turned_270), {});
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->plan, (Plan{{100, 0, 300, 300}, 100, 100}));
    EXPECT_EQ(layout->turn, Orientation::turned_270);
}

}  // namespace
}  // namespace safelight
