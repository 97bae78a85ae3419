#include "webhooks/retry_schedule.h"

#include <gtest/gtest.h>

#include <chrono>

namespace safelight {
namespace {

using namespace std::chrono_literals;

TEST(RetrySchedule, GoesOnForAboutADay) {
    const RetrySchedule schedule;
    Milliseconds all{};
    for (std::uint32_t failures = 1; failures < schedule.attempts_max(); ++failures)
        all += schedule.pause(failures, 0.5);
    EXPECT_GT(all, 23h);
    EXPECT_LT(all, 25h);
    EXPECT_EQ(schedule.attempts_max(), 11U);
    EXPECT_EQ(RetrySchedule::parse(schedule.to_text()), schedule);
}

TEST(RetrySchedule, IsReadAsASettingSaysIt) {
    const auto schedule = RetrySchedule::parse("100ms, 2s,3m");
    ASSERT_TRUE(schedule);
    EXPECT_EQ(schedule->attempts_max(), 4U);
    EXPECT_EQ(schedule->pause(1, 0.5), 100ms);
    EXPECT_EQ(schedule->pause(2, 0.5), 2s);
    EXPECT_EQ(schedule->pause(3, 0.5), 3min);
    EXPECT_EQ(schedule->pause(9, 0.5), 3min);
    for (const char* bad : {"", ",", "5s,", "5", "0s", "-1s", "8d", "1s;2s", "x"})
        EXPECT_FALSE(RetrySchedule::parse(bad)) << bad;
}

TEST(RetrySchedule, PausesAreSpread) {
    const RetrySchedule schedule({1000ms});
    EXPECT_EQ(schedule.pause(1, 0.0), 800ms);
    EXPECT_GE(schedule.pause(1, 0.999), 1199ms);
    EXPECT_LE(schedule.pause(1, 0.999), 1200ms);
}

}  // namespace
}  // namespace safelight
