#include "catalog/quotas.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

constexpr Timestamp noon{Milliseconds{1'795'000'000'000 / 86'400'000 * 86'400'000 + 43'200'000}};

TEST(Quotas, WhatAnAccountHasOfItsOwnCountsBeforeTheDefaults) {
    const Quotas defaults{.stored_bytes = 10, .images = 20, .uploads_per_minute = 0};
    const Quotas own{.stored_bytes = 5, .images = 0, .pixels_per_day = 7};
    EXPECT_EQ(in_force(own, defaults), (Quotas{.stored_bytes = 5, .pixels_per_day = 7}));
    EXPECT_EQ(in_force({}, defaults), (Quotas{.stored_bytes = 10, .images = 20}));
    EXPECT_EQ(in_force({}, {}), Quotas{});
}

TEST(Quotas, OnlySomeAreLookedAtWhenAJobIsCreated) {
    EXPECT_TRUE(limit_jobs({.stored_bytes = 1}));
    EXPECT_TRUE(limit_jobs({.images = 1}));
    EXPECT_TRUE(limit_jobs({.pixels_per_day = 1}));
    EXPECT_FALSE(limit_jobs({.uploads_per_minute = 1, .concurrent_uploads = 1}));
    EXPECT_TRUE(limit_requests({.uploads_per_minute = 1}));
    EXPECT_TRUE(limit_requests({.concurrent_uploads = 1}));
    EXPECT_FALSE(limit_requests({.stored_bytes = 1, .images = 1, .pixels_per_day = 1}));
}

TEST(Quotas, UpToTheLimitAndNotPastIt) {
    const Quotas limits{.stored_bytes = 100, .images = 3, .pixels_per_day = 50};
    const QuotaDemand demand{.stored_bytes = 40, .pixels = 20};
    EXPECT_TRUE(check_demand(demand, limits, {.stored_bytes = 60, .images = 2, .pixels_today = 30}, noon));
    const auto code = [&](const Usage& usage) {
        const Status checked = check_demand(demand, limits, usage, noon);
        return checked ? ErrorCode::internal : checked.error().code;
    };
    EXPECT_EQ(code({.stored_bytes = 61}), ErrorCode::quota_exceeded);
    EXPECT_EQ(code({.stored_bytes = 1'000}), ErrorCode::quota_exceeded);
    EXPECT_EQ(code({.images = 3}), ErrorCode::quota_exceeded);
    EXPECT_EQ(code({.pixels_today = 31}), ErrorCode::daily_quota_exceeded);
}

TEST(Quotas, ARefusalSaysWhichQuotaAndUntilWhen) {
    const Status checked = check_demand({.pixels = 20}, {.pixels_per_day = 50}, {.pixels_today = 31}, noon);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().quota, (ExceededQuota{"pixels_per_day", 50, 31, 43'200U}));
    const Status bytes = check_demand({.stored_bytes = 2}, {.stored_bytes = 1}, {}, noon);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().quota, (ExceededQuota{"stored_bytes", 1, 0, {}})) << "waiting does not help";
}

TEST(Quotas, MorePixelsThanADayHasFitOnNoDay) {
    const Status checked = check_demand({.pixels = 51}, {.pixels_per_day = 50}, {.pixels_today = 31}, noon);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::quota_exceeded);
    EXPECT_EQ(checked.error().quota, (ExceededQuota{"pixels_per_day", 50, 31, {}}))
        << "waiting does not help";
    EXPECT_EQ(check_demand({.pixels = 50}, {.pixels_per_day = 50}, {.pixels_today = 31}, noon).error().code,
              ErrorCode::daily_quota_exceeded);
}

TEST(Quotas, ARefusalSaysWhatWasWanted) {
    const Status checked =
        check_demand({.stored_bytes = 40}, {.stored_bytes = 100}, {.stored_bytes = 61}, noon);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().public_text,
              "The account may have 100 bytes stored, and has 61; this one would add 40 at least.");
}

TEST(Quotas, TheLargestLimitDoesNotOverflow) {
    const Quotas limits{.stored_bytes = quota_max};
    EXPECT_TRUE(check_demand({.stored_bytes = 1}, limits, {.stored_bytes = quota_max - 1}, noon));
    EXPECT_FALSE(check_demand({.stored_bytes = ~std::uint64_t{0}}, limits, {.stored_bytes = 1}, noon));
}

TEST(Quotas, DaysEndAtMidnightUtc) {
    EXPECT_EQ(end_of_day(noon), noon + Milliseconds{43'200'000});
    const Timestamp midnight = end_of_day(noon);
    EXPECT_EQ(end_of_day(midnight), midnight + Milliseconds{86'400'000});
}

}  // namespace
}  // namespace safelight
