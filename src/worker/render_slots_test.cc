#include "worker/render_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/units.h"

namespace safelight {
namespace {

TEST(RenderSlots, NoMoreThanThereAre) {
    RenderSlots slots(2);
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 500; ++round) {
                const auto slot = slots.take({});
                const int now = ++inside;
                for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
                std::this_thread::yield();
                --inside;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(most, 2);
}

TEST(RenderSlots, WhoWaitsGetsTheOneThatIsReleased) {
    RenderSlots slots(1);
    auto first = slots.take({});
    ASSERT_TRUE(first);
    std::thread waiting([&] { EXPECT_TRUE(slots.take({})); });
    first->release();
    first->release();
    waiting.join();
    EXPECT_TRUE(slots.take({}));
}

TEST(RenderSlots, AStopEndsTheWait) {
    RenderSlots slots(1);
    const auto taken = slots.take({});
    std::stop_source stop;
    std::thread waiting([&] { EXPECT_FALSE(slots.take(stop.get_token())); });
    stop.request_stop();
    waiting.join();
    RenderSlots free(1);
    EXPECT_FALSE(free.take(stop.get_token())) << "not even when one is free";
}

TEST(RenderSlots, TheBufferGoesOnUnlessItIsLarge) {
    RenderSlots slots(1);
    slots.take({})->buffer().resize(1'000);
    EXPECT_EQ(slots.take({})->buffer().size(), 1'000U);
    slots.take({})->buffer().resize(5 * MiB);
    EXPECT_TRUE(slots.take({})->buffer().empty());
}

}  // namespace
}  // namespace safelight
