#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <system_error>

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

/// Leaves this process an address space with room for a few stacks.
void leave_little_room() {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    constexpr rlim_t few_stacks = 40 * 1'024 * 1'024;
    const rlim_t bytes = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + few_stacks;
    const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(2);
}

TEST(ThreadPool, RunningOutOfThreadsIsAnExceptionThatLeavesNone) {
    const auto start_many = [] {
        leave_little_room();
        try {
            const ThreadPool pool("many", 100, 1);
        } catch (const std::system_error&) {
            ::_exit(0);
        }
        ::_exit(1);
    };
    EXPECT_EXIT(start_many(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace safelight
