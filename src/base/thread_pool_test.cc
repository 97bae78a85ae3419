#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace safelight {
namespace {

TEST(ThreadPool, RunsEverythingThatItAccepted) {
    std::atomic<int> ran = 0;
    {
        ThreadPool pool("test", 3, 1'000);
        for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
    }
    EXPECT_EQ(ran, 500);
}

TEST(ThreadPool, RefusesAtOnceWhenItsQueueIsFull) {
    std::latch started(1);
    std::latch release(1);
    std::atomic<int> ran = 0;
    {
        ThreadPool pool("test", 1, 2);
        ASSERT_TRUE(pool.submit([&] {
            started.count_down();
            release.wait();
            ++ran;
        }));
        started.wait();
        EXPECT_TRUE(pool.submit([&] { ++ran; }));
        EXPECT_TRUE(pool.submit([&] { ++ran; }));
        EXPECT_FALSE(pool.submit([&] { ++ran; }));
        EXPECT_EQ(pool.queued(), 2U);
        release.count_down();
    }
    EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace safelight
