#include "imaging/derive.h"

#include <gtest/gtest.h>

#include <array>

namespace safelight {
namespace {

Plan whole(std::uint32_t width, std::uint32_t height) {
    return {{0, 0, 4'000, 3'000}, width, height};
}

TEST(Derive, SmallSizesComeFromTheSmallestThatHasTwiceTheirPixels) {
    const std::array plans{whole(200, 150), whole(1'600, 1'200), whole(400, 300), whole(1'000, 750)};
    const auto derivations = derive(plans);
    EXPECT_EQ(derivations[1], (Derivation{{}, plans[1]}));
    EXPECT_EQ(derivations[3], (Derivation{{}, plans[3]})) << "1600 is less than twice as wide";
    EXPECT_EQ(derivations[2], (Derivation{3, {{0, 0, 1'000, 750}, 400, 300}, 1}));
    EXPECT_EQ(derivations[0], (Derivation{2, {{0, 0, 400, 300}, 200, 150}, 2}));
}

TEST(Derive, AfterThreeGenerationsALargerParentIsChosen) {
    const std::array plans{whole(50, 38), whole(100, 75), whole(200, 150), whole(400, 300), whole(800, 600)};
    const auto derivations = derive(plans);
    EXPECT_EQ(derivations[1].generation, 3U);
    EXPECT_EQ(derivations[1].parent, 2U);
    EXPECT_EQ(derivations[0].generation, 3U);
    EXPECT_EQ(derivations[0].parent, 2U) << "not from 100 × 75";
}

TEST(Derive, APartComesFromAWholeThatIsFineEnough) {
    const Plan square{{500, 0, 3'000, 3'000}, 200, 200};
    const std::array plans{square, whole(800, 600)};
    EXPECT_EQ(derive(plans)[0], (Derivation{1, {{100, 0, 600, 600}, 200, 200}, 1}));
    EXPECT_EQ(derive(std::array{square, whole(500, 375)})[0].parent, std::nullopt);
}

TEST(Derive, AWholeDoesNotComeFromAPart) {
    const Plan part{{0, 0, 3'999, 3'000}, 3'999, 3'000};
    EXPECT_EQ(derive(std::array{whole(100, 75), part})[0].parent, std::nullopt);
}

TEST(Derive, NothingIsSeenThatACropCutsOff) {
    const Region crop{100, 100, 1'000, 1'000};
    const Plan cropped{crop, 100, 100, crop};
    EXPECT_EQ(derive(std::array{cropped, whole(4'000, 3'000)})[0].parent, std::nullopt);
    EXPECT_EQ(derive(std::array{cropped, Plan{crop, 500, 500, crop}})[0].parent, 1U);
}

TEST(Derive, OneSideOfEnoughPixelsIsNotEnough) {
    EXPECT_EQ(derive(std::array{whole(400, 300), whole(1'600, 400)})[0].parent, std::nullopt);
}

TEST(Derive, EqualSizesAreEachMadeFromTheSource) {
    EXPECT_EQ(derive(std::array{whole(400, 300), whole(400, 300)})[1].parent, std::nullopt);
    EXPECT_TRUE(derive({}).empty());
}

}  // namespace
}  // namespace safelight
