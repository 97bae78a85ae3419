#include "service/key_stock.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "service/testing/house.h"

namespace safelight::testing {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds write_deadline = 10min;
constexpr std::size_t keys_ahead_max = 64;

class KeyStockTest : public ::testing::Test {
  protected:
    [[nodiscard]] BlobKey take_one() { return value_of(stock.take(1)).front(); }

    /// Everything that was taken can still be written for as long as was promised.
    void expect_time_left(BlobKey key) {
        const auto entry = value_of(house.database->ledger().find(key));
        ASSERT_TRUE(entry);
        EXPECT_EQ(entry->state, BlobState::writing);
        EXPECT_GE(entry->deadline, clock.now() + write_deadline);
    }

    ManualClock clock{Timestamp{1'700'000'000'000ms}};
    House house{clock};
    KeyStock stock{clock, house.ids, house.ledger, house.log, write_deadline, keys_ahead_max};
};

TEST_F(KeyStockTest, WithoutHasteReservesWhatIsWanted) {
    for (const std::size_t count : {1U, 3U, 1U}) {
        clock.advance(2s);
        for (const BlobKey key : value_of(stock.take(count))) expect_time_left(key);
    }
    EXPECT_EQ(house.entries().size(), 5U);
    EXPECT_EQ(house.entries().back().deadline, clock.now() + write_deadline);
}

TEST_F(KeyStockTest, UnderLoadManyKeysShareATransaction) {
    constexpr std::size_t count = 1'000;
    std::set<BlobKey> taken;
    for (std::size_t i = 0; i < count; ++i) taken.insert(take_one());
    EXPECT_EQ(taken.size(), count);
    EXPECT_LT(house.script.count("reserve"), count / 30);
    EXPECT_LE(house.entries().size(), count + keys_ahead_max);
    clock.advance(2s);
    while (house.entries().size() == taken.size()) taken.insert(take_one());
    for (const BlobKey key : taken) EXPECT_TRUE(value_of(house.database->ledger().find(key)));
}

TEST_F(KeyStockTest, AKeyThatWaitedTooLongIsNotGivenAway) {
    for (int i = 0; i < 500; ++i) {
        expect_time_left(take_one());
        if (i % 10 == 9) clock.advance(Milliseconds{1'000 + 379 * i});
    }
}

TEST_F(KeyStockTest, WhatNobodyTookIsDropped) {
    std::set<BlobKey> taken;
    for (int i = 0; i < 10; ++i) taken.insert(take_one());
    ASSERT_GT(house.entries().size(), taken.size());
    stock.drop_unneeded();
    EXPECT_GT(house.entries().size(), taken.size()) << "they are needed in a moment";
    clock.advance(6s);
    stock.drop_unneeded();
    std::set<BlobKey> left;
    for (const LedgerEntry& entry : house.entries()) left.insert(entry.key);
    EXPECT_EQ(left, taken);
    expect_time_left(take_one());
}

TEST_F(KeyStockTest, WhatCannotBeDroppedIsLeftToTheSweeper) {
    for (int i = 0; i < 4; ++i) static_cast<void>(take_one());
    house.script.before("abandon", [] { return Error{ErrorCode::unavailable, "injected", {}, {}}; });
    const std::size_t before = house.entries().size();
    clock.advance(6s);
    stock.drop_unneeded();
    EXPECT_EQ(house.entries().size(), before);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "reserved keys left to the sweeper"), 1U);
    const Timestamp overdue = clock.now() + 2 * write_deadline;
    EXPECT_EQ(value_of(house.database->ledger().sweepable({}, 100, overdue)).size(), before);
}

TEST_F(KeyStockTest, ALedgerThatFailsIsAskedAgain) {
    house.script.before("reserve", [] { return Error{ErrorCode::storage_full, "injected", {}, {}}; });
    EXPECT_EQ(stock.take(1).error().code, ErrorCode::storage_full);
    house.script.clear();
    expect_time_left(take_one());
}

TEST_F(KeyStockTest, ManyThreadsNeverGetTheSameKey) {
    std::vector<std::vector<BlobKey>> taken(8);
    {
        std::vector<std::jthread> threads;
        for (auto& mine : taken) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i)
                    for (const BlobKey key : value_of(stock.take(2))) mine.push_back(key);
            });
        }
    }
    std::set<BlobKey> all;
    for (const auto& mine : taken) all.insert(mine.begin(), mine.end());
    EXPECT_EQ(all.size(), 8U * 200U);
}

}  // namespace
}  // namespace safelight::testing
