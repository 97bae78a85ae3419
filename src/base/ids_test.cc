#include "base/ids.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace safelight {
namespace {

using std::chrono::milliseconds;

TEST(Uuid, TextRoundTrip) {
    const std::string text = "01934b7e-5f00-7abc-8def-0123456789ab";
    const auto uuid = Uuid::parse(text);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->to_string(), text);
    EXPECT_EQ(Uuid::parse("01934B7E-5F00-7ABC-8DEF-0123456789AB"), uuid);
}

TEST(Uuid, RefusesOtherForms) {
    for (const auto* text :
         {"", "01934b7e5f007abc8def0123456789ab", "01934b7e-5f00-7abc-8def-0123456789a",
          "01934b7e-5f00-7abc-8def-0123456789abc", "01934b7e_5f00_7abc_8def_0123456789ab",
          "{1934b7e-5f00-7abc-8def-0123456789ab", "g1934b7e-5f00-7abc-8def-0123456789ab"}) {
        EXPECT_FALSE(Uuid::parse(text)) << text;
    }
}

TEST(IdGenerator, MakesVersionSevenWithTheClocksTime) {
    ManualClock clock(Timestamp{milliseconds{0x0193'4b7e'5f00}});
    IdGenerator ids(clock);
    const auto id = ids.next<ImageId>();
    EXPECT_EQ(id.to_string().substr(0, 13), "01934b7e-5f00");
    EXPECT_EQ(id.uuid.bytes[6] >> 4, 7);
    EXPECT_EQ(id.uuid.bytes[8] >> 6, 2);
    EXPECT_LE(Uuid::lowest_at(clock.now()), id.uuid);
    EXPECT_GT(Uuid::lowest_at(clock.now() + milliseconds{1}), id.uuid);
}

TEST(IdGenerator, RisesWithinAMillisecondAndWhenTheClockStepsBack) {
    ManualClock clock(Timestamp{milliseconds{5'000}});
    IdGenerator ids(clock);
    auto previous = ids.next<JobId>();
    for (int i = 0; i < 10'000; ++i) {
        if (i == 5'000) clock.advance(milliseconds{-1'000});
        const auto next = ids.next<JobId>();
        ASSERT_LT(previous, next);
        previous = next;
    }
}

TEST(IdGenerator, GivesNoIdTwiceToManyThreads) {
    const SystemClock clock;
    IdGenerator ids(clock);
    std::mutex mutex;
    std::set<JobId> seen;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 2'000; ++j) {
                const auto id = ids.next<JobId>();
                const std::lock_guard lock(mutex);
                seen.insert(id);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(seen.size(), 8'000U);
}

}  // namespace
}  // namespace safelight
