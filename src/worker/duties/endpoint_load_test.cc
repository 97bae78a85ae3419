#include "worker/duties/endpoint_load.h"

#include <gtest/gtest.h>

#include <chrono>

namespace safelight {
namespace {

using namespace std::chrono_literals;

class EndpointLoadTest : public testing::Test {
  protected:
    DueWebhook endpoint(AccountId owner) { return {ids.next<WebhookId>(), owner, now}; }
    DueWebhook endpoint() { return endpoint(ids.next<AccountId>()); }
    void begin(const DueWebhook& webhook, int count = 1) {
        for (int i = 0; i < count; ++i) load.begin(webhook, now);
    }
    void fail(const DueWebhook& webhook) {
        begin(webhook);
        load.failed(webhook.id, now);
    }
    void deliver_slowly(const DueWebhook& webhook) {
        begin(webhook);
        load.delivered(webhook.id, 14s);
    }

    ManualClock clock{Timestamp{Milliseconds{1'800'000'000'000}}};
    IdGenerator ids{clock};
    const Timestamp now = clock.now();
    EndpointLoad load{8, 4};
    const DueWebhook a = endpoint();  // each of another account
    const DueWebhook b = endpoint();
    const DueWebhook c = endpoint();
};

TEST_F(EndpointLoadTest, EachHasItsShareAndAllHaveABound) {
    EXPECT_EQ(load.room(a, now), 4U);
    begin(a, 4);
    EXPECT_EQ(load.room(a, now), 0U);
    begin(b, 3);
    EXPECT_EQ(load.room(c, now), 1U);
    EXPECT_EQ(load.in_flight(), 7U);
    load.delivered(a.id, 100ms);
    EXPECT_EQ(load.room(a, now), 1U);
    EXPECT_EQ(load.room(c, now), 2U);
}

TEST_F(EndpointLoadTest, OneThatFailsIsAskedOnceAtATime) {
    fail(a);
    EXPECT_EQ(load.room(a, now), 1U);
    begin(a);
    EXPECT_EQ(load.room(a, now), 0U);
    load.delivered(a.id, 100ms);
    EXPECT_EQ(load.room(a, now), 4U);
}

TEST_F(EndpointLoadTest, ThoseThatFailLeaveHalfToTheOthers) {
    for (int i = 0; i < 4; ++i) {
        const DueWebhook dead = endpoint();
        fail(dead);
        begin(dead);
    }
    fail(a);
    EXPECT_EQ(load.room(a, now), 0U);
    EXPECT_EQ(load.room(b, now), 4U);
}

TEST_F(EndpointLoadTest, ItRestsAfterAFailure) {
    begin(a, 2);
    EXPECT_EQ(load.failed(a.id, now), 1U);
    load.rest(a.id, now + 5s);
    EXPECT_EQ(load.failed(a.id, now), 1U) << "of the same bad moment";
    EXPECT_EQ(load.room(a, now + 4999ms), 0U);
    EXPECT_EQ(load.room(a, now + 5s), 1U);
    begin(a);
    EXPECT_EQ(load.failed(a.id, now + 6s), 2U);
    begin(a);
    load.delivered(a.id, 100ms);
    EXPECT_EQ(load.room(a, now), 4U);
    begin(a);
    EXPECT_EQ(load.failed(a.id, now), 1U);
}

TEST_F(EndpointLoadTest, TheOneThatWaitedLongestComesFirst) {
    begin(a);
    begin(b);
    EXPECT_EQ(load.in_turn({a, b, c}), (std::vector{c, a, b}));
    begin(a);
    EXPECT_EQ(load.in_turn({a, b, c}), (std::vector{c, b, a}));
    load.failed(b.id, now);
    EXPECT_EQ(load.in_turn({a, b, c}), (std::vector{c, a, b}));
}

TEST_F(EndpointLoadTest, AnAccountWithSlowEndpointsLeavesPlacesToOthers) {
    const AccountId owner = ids.next<AccountId>();
    std::vector<DueWebhook> slow;
    for (int i = 0; i < 10; ++i) slow.push_back(endpoint(owner));
    const auto begin_all = [&](const std::vector<DueWebhook>& due) {
        for (const DueWebhook& webhook : load.in_turn(due))
            begin(webhook, static_cast<int>(load.room(webhook, now)));
    };
    // Nobody knows yet that they are slow.
    begin_all(slow);
    EXPECT_EQ(load.in_flight(), 6U) << "alone it has three quarters";
    std::vector<DueWebhook> due = slow;
    due.push_back(a);
    EXPECT_EQ(load.in_turn(due).front(), a);
    EXPECT_EQ(load.room(a, now), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const int begun = i == 0 ? 4 : 2;
        for (int k = 0; k < begun; ++k) load.delivered(slow[i].id, 14s);
    }
    ASSERT_EQ(load.in_flight(), 0U);
    begin_all(due);
    EXPECT_EQ(load.room(a, now), 0U);
    EXPECT_EQ(load.in_flight(), 8U) << "four are the quick one's";
    EXPECT_EQ(load.room(slow[0], now), 0U);
}

TEST_F(EndpointLoadTest, ThoseThatAreSlowShareTheHalfOfThoseThatFail) {
    EXPECT_EQ(load.in_turn({a, b}).size(), 2U);
    for (int i = 0; i < 2; ++i) {
        const DueWebhook slow = endpoint();
        deliver_slowly(slow);
        EXPECT_EQ(load.room(slow, now), 2U) << "half of its account's share";
        begin(slow, 2);
    }
    deliver_slowly(a);
    EXPECT_EQ(load.room(a, now), 0U);
    EXPECT_EQ(load.room(b, now), 4U);
    begin(a);
    load.delivered(a.id, 100ms);
    EXPECT_EQ(load.room(a, now), 4U) << "it is quick again";
}

TEST_F(EndpointLoadTest, ASlowEndpointLeavesPlacesToItsAccountsOthers) {
    const DueWebhook slow = endpoint(a.owner);
    deliver_slowly(slow);
    EXPECT_EQ(load.in_turn({slow, a, b}).back(), slow);
    begin(slow, static_cast<int>(load.room(slow, now)));
    EXPECT_EQ(load.room(a, now), 2U);
}

TEST_F(EndpointLoadTest, OneThatWasChangedDoesNotRest) {
    fail(a);
    load.rest(a.id, now + 60s);
    EXPECT_EQ(load.room(load.in_turn({a}).front(), now), 0U);
    DueWebhook changed = a;
    changed.updated_at = now + 1s;
    EXPECT_EQ(load.room(load.in_turn({changed}).front(), now), 4U);
    fail(changed);
    EXPECT_EQ(load.room(load.in_turn({changed}).front(), now), 1U);
}

TEST_F(EndpointLoadTest, ManyEndpointsDoNotMakeItForgetThoseThatFail) {
    fail(a);
    load.rest(a.id, now + 60s);
    const auto use_many = [this](Timestamp at) {
        for (std::size_t i = 0; i < 3 * EndpointLoad::remembered_max; ++i) {
            const DueWebhook other = endpoint();
            load.begin(other, at);
            load.delivered(other.id, 1ms);
        }
    };
    use_many(now);
    EXPECT_EQ(load.room(a, now + 59s), 0U) << "it rests";
    EXPECT_EQ(load.room(a, now + 60s), 1U) << "and failed last";
    EXPECT_LE(load.remembered(), EndpointLoad::remembered_max);
    use_many(now + 60s + EndpointLoad::failures_kept_for);
    EXPECT_EQ(load.room(a, now), 4U) << "that was long ago";
}

}  // namespace
}  // namespace safelight
