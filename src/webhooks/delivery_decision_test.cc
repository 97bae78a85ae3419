#include "webhooks/delivery_decision.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace safelight {
namespace {

using namespace std::chrono_literals;

const Timestamp now = parse_http_date("Mon, 23 Nov 2026 20:08:00 GMT").value();

PostResult refused(int status, std::string retry_after = "") {
    return {.status = status, .error = "bad_status", .retry_after = std::move(retry_after)};
}

DeliveryOutcome decide(const PostResult& result, std::uint32_t tries = 0) {
    return decide_delivery(result, tries, RetrySchedule({10s, 60s}), now, 0.5);
}

TEST(DeliveryDecision, ASuccessIsDelivered) {
    const DeliveryOutcome outcome = decide({.status = 204, .error = "", .retry_after = ""});
    EXPECT_EQ(outcome.attempt.http_status, 204);
    EXPECT_EQ(outcome.attempt.error, "");
    EXPECT_FALSE(outcome.retry_at);
    EXPECT_FALSE(outcome.disable);
}

TEST(DeliveryDecision, AFailureIsTriedAgainByTheSchedule) {
    EXPECT_EQ(decide(refused(500)).retry_at, now + 10s);
    EXPECT_EQ(decide(refused(404), 1).retry_at, now + 60s);
    const DeliveryOutcome unreachable = decide({.status = {}, .error = "unreachable", .retry_after = ""});
    EXPECT_EQ(unreachable.retry_at, now + 10s);
    EXPECT_EQ(unreachable.attempt.error, "unreachable");
    EXPECT_FALSE(unreachable.attempt.http_status);
    EXPECT_FALSE(unreachable.disable);
}

TEST(DeliveryDecision, WhenTheScheduleIsUsedUpTheEndpointFails) {
    const DeliveryOutcome outcome = decide(refused(500), 2);
    EXPECT_FALSE(outcome.retry_at);
    EXPECT_EQ(outcome.disable, DisabledReason::failing);
}

TEST(DeliveryDecision, WhatIsGoneIsNotAskedAgain) {
    const DeliveryOutcome outcome = decide(refused(410));
    EXPECT_FALSE(outcome.retry_at);
    EXPECT_EQ(outcome.disable, DisabledReason::gone);
}

TEST(DeliveryDecision, RetryAfterIsHeededWithinBounds) {
    EXPECT_EQ(decide(refused(429, "120")).retry_at, now + 120s);
    EXPECT_EQ(decide(refused(503, "120")).retry_at, now + 120s);
    EXPECT_EQ(decide(refused(503, "1")).retry_at, now + 10s) << "never sooner than the schedule says";
    EXPECT_EQ(decide(refused(500, "120")).retry_at, now + 10s) << "of 429 and 503 alone";
    EXPECT_EQ(decide(refused(429, "Mon, 23 Nov 2026 20:10:00 GMT")).retry_at, now + 120s);
    EXPECT_EQ(decide(refused(429, "Mon, 23 Nov 2020 20:10:00 GMT")).retry_at, now + 10s);
    EXPECT_EQ(decide(refused(429, "999999")).retry_at, now + 1h);
    EXPECT_EQ(decide(refused(429, "99999999999999999999")).retry_at, now + 1h);
    for (const char* nonsense : {"", "soon", "-5", "1.5", "5 s"})
        EXPECT_EQ(decide(refused(429, nonsense)).retry_at, now + 10s) << nonsense;
}

}  // namespace
}  // namespace safelight
