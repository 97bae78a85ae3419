#include "queue/redis/gate.h"

#include <gtest/gtest.h>

#include <thread>

namespace safelight::redis {
namespace {

constexpr Milliseconds backoff_min{100};
constexpr Milliseconds backoff_max{1'000};
constexpr Milliseconds trial_time{500};
constexpr Milliseconds for_ever = std::chrono::hours(1);

class GateTest : public testing::Test {
  protected:
    void close() { ASSERT_TRUE(gate_.failed(gate_.enter(now_).value(), now_, "gone")); }

    Gate gate_{backoff_min, backoff_max, trial_time};
    TimePoint now_ = SteadyClock::now();
};

TEST(BackoffDelay, DoublesUpToItsMaximum) {
    EXPECT_EQ(backoff_delay(1, backoff_min, backoff_max, 1.0), Milliseconds{100});
    EXPECT_EQ(backoff_delay(2, backoff_min, backoff_max, 1.0), Milliseconds{200});
    EXPECT_EQ(backoff_delay(4, backoff_min, backoff_max, 1.0), Milliseconds{800});
    EXPECT_EQ(backoff_delay(5, backoff_min, backoff_max, 1.0), backoff_max);
    EXPECT_EQ(backoff_delay(UINT32_MAX, backoff_min, backoff_max, 1.0), backoff_max);
}

TEST(BackoffDelay, AHalfOfItIsRandom) {
    EXPECT_EQ(backoff_delay(1, backoff_min, backoff_max, 0.0), Milliseconds{50});
    EXPECT_EQ(backoff_delay(5, backoff_min, backoff_max, 0.0), Milliseconds{500});
    EXPECT_EQ(backoff_delay(1, Milliseconds{1}, Milliseconds{1}, 0.0), Milliseconds{1}) << "never no pause";
}

TEST_F(GateTest, OpenItLetsEverybodyIn) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(gate_.enter(now_));
    EXPECT_FALSE(gate_.succeeded()) << "it was open";
}

TEST_F(GateTest, ClosedItLetsNobodyInBeforeItsTime) {
    close();
    EXPECT_FALSE(gate_.enter(now_ + backoff_min / 2 - Milliseconds{1}));
    EXPECT_EQ(gate_.reason(), "gone");
}

TEST_F(GateTest, OneAtATimeTries) {
    close();
    now_ += backoff_min;
    EXPECT_TRUE(gate_.enter(now_));
    EXPECT_FALSE(gate_.enter(now_));
    EXPECT_FALSE(gate_.enter(now_ + trial_time - Milliseconds{1}));
    EXPECT_TRUE(gate_.enter(now_ + trial_time)) << "whoever tried is not waited for longer";
}

TEST_F(GateTest, ASuccessOpensIt) {
    close();
    EXPECT_TRUE(gate_.enter(now_ + backoff_min));
    EXPECT_TRUE(gate_.succeeded());
    EXPECT_TRUE(gate_.enter(now_));
    EXPECT_TRUE(gate_.enter(now_));
    EXPECT_EQ(gate_.reason(), "");
}

TEST_F(GateTest, OfThoseThatFailTogetherOneCounts) {
    const auto first = gate_.enter(now_);
    const auto second = gate_.enter(now_);
    EXPECT_TRUE(gate_.failed(*first, now_, "first"));
    EXPECT_FALSE(gate_.failed(*second, now_, "second"));
    EXPECT_EQ(gate_.reason(), "first");
    EXPECT_TRUE(gate_.enter(now_ + backoff_min)) << "one failure's pause, not two";
}

TEST_F(GateTest, PausesGrowWithEachTrialThatFails) {
    close();
    const auto trial = gate_.enter(now_ + backoff_min);
    ASSERT_TRUE(trial);
    EXPECT_FALSE(gate_.failed(*trial, now_, "still gone")) << "it was closed";
    EXPECT_FALSE(gate_.enter(now_ + backoff_min - Milliseconds{1}));
    EXPECT_TRUE(gate_.enter(now_ + 2 * backoff_min));
}

TEST_F(GateTest, WaitingEndsWithTheDeadline) {
    Gate gate(for_ever, for_ever, for_ever);
    ASSERT_TRUE(gate.failed(*gate.enter(now_), now_, "gone"));
    const auto deadline = SteadyClock::now() + Milliseconds{5};
    EXPECT_FALSE(gate.wait(deadline, {}));
    EXPECT_GE(SteadyClock::now(), deadline);
}

TEST_F(GateTest, WaitingEndsWhenItOpens) {
    Gate gate(for_ever, for_ever, for_ever);
    ASSERT_TRUE(gate.failed(*gate.enter(now_), now_, "gone"));
    bool entered = false;
    std::jthread waiting([&] { entered = gate.wait(TimePoint::max(), {}).has_value(); });
    EXPECT_TRUE(gate.succeeded());
    waiting.join();
    EXPECT_TRUE(entered);
}

TEST_F(GateTest, WaitingEndsWithAStop) {
    Gate gate(for_ever, for_ever, for_ever);
    ASSERT_TRUE(gate.failed(*gate.enter(now_), now_, "gone"));
    std::stop_source stop;
    bool entered = true;
    std::jthread waiting([&] { entered = gate.wait(TimePoint::max(), stop.get_token()).has_value(); });
    stop.request_stop();
    waiting.join();
    EXPECT_FALSE(entered);
}

}  // namespace
}  // namespace safelight::redis
