#include "access/key_keeper.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "access/testing/test_source.h"
#include "access/testing/test_tokens.h"

namespace safelight {
namespace {

using testing::key_set;
using testing::TestKey;

constexpr Milliseconds an_hour{3'600'000};

class KeyKeeperTest : public ::testing::Test {
  protected:
    [[nodiscard]] KeyKeeper keeper(Milliseconds interval_min) {
        return {std::make_unique<testing::TestSource>(source_), interval_min, *log_};
    }

    const TestKey first_{TokenAlgorithm::es256, "first"};
    const TestKey second_{TokenAlgorithm::es256, "second"};
    testing::SourceState source_;
    std::unique_ptr<telemetry::Logger> log_ = telemetry::make_silent_logger();
};

TEST_F(KeyKeeperTest, TheLastGoodSetIsKept) {
    KeyKeeper keeper = this->keeper(an_hour);
    EXPECT_EQ(keeper.current(), nullptr);
    EXPECT_FALSE(keeper.refresh());
    EXPECT_EQ(keeper.current(), nullptr);
    source_.set(key_set({first_.public_jwk()}));
    ASSERT_TRUE(keeper.refresh());
    const auto good = keeper.current();
    ASSERT_NE(good, nullptr);
    source_.set("no key set");
    EXPECT_EQ(keeper.refresh().error().code, ErrorCode::invalid_argument);
    source_.set(failure(ErrorCode::unavailable, "away"));
    EXPECT_EQ(keeper.refresh().error().code, ErrorCode::unavailable);
    EXPECT_EQ(keeper.current(), good);
}

TEST_F(KeyKeeperTest, OnlyAnotherSetIsANewGeneration) {
    KeyKeeper keeper = this->keeper(an_hour);
    source_.set(key_set({first_.public_jwk()}));
    ASSERT_TRUE(keeper.refresh());
    const auto before = keeper.current();
    ASSERT_TRUE(keeper.refresh());
    EXPECT_EQ(keeper.current(), before);
    source_.set(key_set({second_.public_jwk()}));
    ASSERT_TRUE(keeper.refresh());
    EXPECT_NE(keeper.current()->generation, before->generation);
    EXPECT_EQ(keeper.current()->keys.names(), std::vector<std::string>{"second"});
}

TEST_F(KeyKeeperTest, AnUnknownKeyHasTheSourceReadNowAndThen) {
    KeyKeeper often = keeper(Milliseconds{0});
    source_.set(key_set({first_.public_jwk()}));
    EXPECT_EQ(often.newer_than(nullptr)->keys.names(), std::vector<std::string>{"first"});
    source_.set(key_set({second_.public_jwk()}));
    const auto known = often.current();
    EXPECT_EQ(often.newer_than(known)->keys.names(), std::vector<std::string>{"second"});
    EXPECT_EQ(source_.reads, 2);
    EXPECT_NE(often.newer_than(known), known) << "what came meanwhile is newer, too";
    EXPECT_EQ(source_.reads, 2);

    KeyKeeper seldom = keeper(an_hour);
    ASSERT_TRUE(seldom.refresh());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(seldom.newer_than(seldom.current()), seldom.current());
    EXPECT_EQ(source_.reads, 3);
}

TEST_F(KeyKeeperTest, ManyWhoWantANewKeyReadItOnce) {
    KeyKeeper keeper = this->keeper(an_hour);
    source_.set(key_set({first_.public_jwk()}));
    source_.hold(true);
    std::vector<std::future<std::shared_ptr<const KnownKeys>>> waiting;
    const auto want = [&] {
        waiting.push_back(std::async(std::launch::async, [&] { return keeper.newer_than(nullptr); }));
    };
    want();
    source_.reads.wait(0);
    for (int i = 0; i < 3; ++i) want();
    source_.hold(false);
    for (auto& each : waiting) EXPECT_NE(each.get(), nullptr);
    EXPECT_EQ(source_.reads, 1);
}

TEST_F(KeyKeeperTest, ASourceThatHangsHoldsUpAFewOnly) {
    KeyKeeper keeper = this->keeper(an_hour);
    source_.hold(true);
    std::vector<std::future<std::shared_ptr<const KnownKeys>>> waiting;
    const auto want = [&] {
        waiting.push_back(std::async(std::launch::async, [&] { return keeper.newer_than(nullptr); }));
    };
    want();
    source_.reads.wait(0);
    constexpr int others = 40;
    for (int i = 0; i < others; ++i) want();
    // All but the one that reads come back by themselves: a few after their patience, most at once.
    for (int i = 1; i <= others; ++i) EXPECT_EQ(waiting[static_cast<std::size_t>(i)].get(), nullptr);
    source_.hold(false);
    EXPECT_EQ(waiting.front().get(), nullptr);
    EXPECT_EQ(source_.reads, 1);
}

}  // namespace
}  // namespace safelight
