#include "worker/duties/endpoint_load.h"

#include <gtest/gtest.h>

#include <chrono>

namespace safelight {
namespace {

using namespace std::chrono_literals;

class EndpointLoadTest : public testing::Test {
  protected:
    void begin(WebhookId webhook, int count = 1) {
        for (int i = 0; i < count; ++i) load.begin(webhook);
    }
    void fail(WebhookId webhook) {
        load.begin(webhook);
        load.failed(webhook, now);
    }

    ManualClock clock{Timestamp{Milliseconds{1'800'000'000'000}}};
    IdGenerator ids{clock};
    const Timestamp now = clock.now();
    EndpointLoad load{8, 4};
    const WebhookId a = ids.next<WebhookId>();
    const WebhookId b = ids.next<WebhookId>();
    const WebhookId c = ids.next<WebhookId>();
};

TEST_F(EndpointLoadTest, EachHasItsShareAndAllHaveABound) {
    EXPECT_EQ(load.room(a, now), 4U);
    begin(a, 4);
    EXPECT_EQ(load.room(a, now), 0U);
    begin(b, 3);
    EXPECT_EQ(load.room(c, now), 1U);
    EXPECT_EQ(load.in_flight(), 7U);
    load.delivered(a);
    EXPECT_EQ(load.room(a, now), 1U);
    EXPECT_EQ(load.room(c, now), 2U);
}

TEST_F(EndpointLoadTest, OneThatFailsIsAskedOnceAtATime) {
    fail(a);
    EXPECT_EQ(load.room(a, now), 1U);
    begin(a);
    EXPECT_EQ(load.room(a, now), 0U);
    load.delivered(a);
    EXPECT_EQ(load.room(a, now), 4U);
}

TEST_F(EndpointLoadTest, ThoseThatFailLeaveHalfToTheOthers) {
    for (int i = 0; i < 4; ++i) {
        const auto dead = ids.next<WebhookId>();
        fail(dead);
        begin(dead);
    }
    fail(a);
    EXPECT_EQ(load.room(a, now), 0U);
    EXPECT_EQ(load.room(b, now), 4U);
}

TEST_F(EndpointLoadTest, ItRestsAfterAFailure) {
    begin(a, 2);
    EXPECT_EQ(load.failed(a, now), 1U);
    load.rest(a, now + 5s);
    EXPECT_EQ(load.failed(a, now), 1U) << "of the same bad moment";
    EXPECT_EQ(load.room(a, now + 4999ms), 0U);
    EXPECT_EQ(load.room(a, now + 5s), 1U);
    begin(a);
    EXPECT_EQ(load.failed(a, now + 6s), 2U);
    begin(a);
    load.delivered(a);
    EXPECT_EQ(load.room(a, now), 4U);
    begin(a);
    EXPECT_EQ(load.failed(a, now), 1U);
}

TEST_F(EndpointLoadTest, TheOneThatWaitedLongestComesFirst) {
    begin(a);
    begin(b);
    EXPECT_EQ(load.in_turn({a, b, c}), (std::vector{c, a, b}));
    begin(a);
    EXPECT_EQ(load.in_turn({a, b, c}), (std::vector{c, b, a}));
    load.failed(b, now);
    EXPECT_EQ(load.in_turn({a, b, c}), (std::vector{c, a, b}));
}

}  // namespace
}  // namespace safelight
