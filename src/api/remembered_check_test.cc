#include "api/remembered_check.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

namespace safelight {
namespace {

using namespace std::chrono_literals;

TEST(RememberedCheck, AnOutcomeIsGoodForAMoment) {
    int asked = 0;
    const ReadinessCheck check = remembered({"disk",
                                             [&]() -> Status {
                                                 if (++asked == 1) return {};
                                                 return failure(ErrorCode::unavailable, "Gone.");
                                             }},
                                            1h);
    EXPECT_EQ(check.name, "disk");
    EXPECT_TRUE(check.check());
    EXPECT_TRUE(check.check());
    EXPECT_EQ(asked, 1);
}

TEST(RememberedCheck, AnOldOutcomeIsAskedForAgain) {
    int asked = 0;
    const ReadinessCheck check = remembered({"disk",
                                             [&]() -> Status {
                                                 if (++asked == 1)
                                                     return failure(ErrorCode::unavailable, "Gone.");
                                                 return {};
                                             }},
                                            0ms);
    EXPECT_FALSE(check.check());
    EXPECT_TRUE(check.check());
}

TEST(RememberedCheck, RunsOnceAtATime) {
    std::atomic<int> inside = 0;
    std::atomic<int> asked = 0;
    std::latch begun(1);
    std::latch go_on(1);
    const ReadinessCheck check = remembered({"disk",
                                             [&]() -> Status {
                                                 EXPECT_EQ(++inside, 1);
                                                 ++asked;
                                                 begun.count_down();
                                                 go_on.wait();
                                                 --inside;
                                                 return {};
                                             }},
                                            1h);
    std::vector<std::thread> threads;
    threads.emplace_back([&] { EXPECT_TRUE(check.check()); });
    begun.wait();
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(check.check()); });
    go_on.count_down();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(asked, 1);
}

TEST(RememberedCheck, AnExceptionIsAFailedCheck) {
    const ReadinessCheck check = remembered({"disk", []() -> Status { throw std::runtime_error("bad"); }});
    EXPECT_EQ(check.check().error().log_text, "bad");
}

}  // namespace
}  // namespace safelight
