#include "base/clock_skew.h"

#include <gtest/gtest.h>

#include <array>

namespace safelight {
namespace {

constexpr Timestamp noon{Milliseconds{1'795'000'000'000}};

ClockReading reading(std::int64_t theirs_ms, std::int64_t answered_ms, std::int64_t grain_ms = 1) {
    return {.asked_at = noon,
            .theirs = noon + Milliseconds{theirs_ms},
            .answered_at = noon + Milliseconds{answered_ms},
            .grain = Milliseconds{grain_ms}};
}

ClockSkew skew_by(const ClockReading& one) {
    const auto skew = skew_of(std::span(&one, 1));
    EXPECT_TRUE(skew);
    return skew.value_or(ClockSkew{});
}

TEST(ClockSkewTest, AClockLikeOursIsNeitherAheadNorBehind) {
    EXPECT_EQ(skew_by(reading(0, 0)), (ClockSkew{Milliseconds{0}, Milliseconds{1}}));
    EXPECT_TRUE(skew_by(reading(0, 0)).is_within_uncertainty());
}

TEST(ClockSkewTest, HalfOfTheWayThereAndBackIsTakenOff) {
    EXPECT_EQ(skew_by(reading(5'100, 200)), (ClockSkew{Milliseconds{5'000}, Milliseconds{101}}));
    EXPECT_EQ(skew_by(reading(-4'900, 200)), (ClockSkew{Milliseconds{-5'000}, Milliseconds{101}}));
}

TEST(ClockSkewTest, ASlowAnswerIsNoSkew) {
    // Read anywhere on the way: right after the question, or right before the answer.
    for (const std::int64_t theirs_ms : {0, 4'000, 8'000}) {
        const ClockSkew skew = skew_by(reading(theirs_ms, 8'000));
        EXPECT_TRUE(skew.is_within_uncertainty()) << theirs_ms;
        EXPECT_FALSE(skew.exceeds(Milliseconds{0})) << theirs_ms;
    }
    EXPECT_FALSE(skew_by(reading(8'001, 8'000)).exceeds(Milliseconds{1}));
    EXPECT_TRUE(skew_by(reading(8'010, 8'000)).exceeds(Milliseconds{1}));
}

TEST(ClockSkewTest, ExceedsOnlyForCertainEitherWay) {
    const ClockSkew ahead{Milliseconds{10'000}, Milliseconds{100}};
    const ClockSkew behind{Milliseconds{-10'000}, Milliseconds{100}};
    for (const ClockSkew& skew : {ahead, behind}) {
        EXPECT_TRUE(skew.exceeds(Milliseconds{9'899}));
        EXPECT_FALSE(skew.exceeds(Milliseconds{9'900}));
        EXPECT_FALSE(skew.exceeds(Milliseconds{10'000}));
    }
}

TEST(ClockSkewTest, WholeSecondsAreCutOffAndNotRounded) {
    // The Date of an answer that was made at any moment of that second.
    for (const std::int64_t our_part_ms : {0, 500, 999}) {
        const ClockSkew skew = skew_by(reading(-our_part_ms, 0, 1'000));
        EXPECT_TRUE(skew.is_within_uncertainty()) << our_part_ms;
        EXPECT_LE(skew.uncertainty, Milliseconds{501});
    }
    EXPECT_TRUE(skew_by(reading(60'000, 0, 1'000)).exceeds(Milliseconds{59'000}));
}

TEST(ClockSkewTest, TheReadingThatLeavesLeastUncertainCounts) {
    const std::array readings{reading(9'000, 8'000), reading(5'001, 2), reading(7'000, 4'000)};
    EXPECT_EQ(skew_of(readings), (ClockSkew{Milliseconds{5'000}, Milliseconds{2}}));
}

TEST(ClockSkewTest, AClockOfOursThatWentBackTellsNothing) {
    const std::array backwards{reading(0, -5'000)};
    EXPECT_FALSE(skew_of(backwards));
    EXPECT_FALSE(skew_of({}));
    const std::array both{reading(0, -5'000), reading(3'000, 0)};
    EXPECT_EQ(skew_of(both), (ClockSkew{Milliseconds{3'000}, Milliseconds{1}}));
}

}  // namespace
}  // namespace safelight
