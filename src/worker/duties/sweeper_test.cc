#include "worker/duties/sweeper.h"

#include <gtest/gtest.h>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

const Timestamp start{1'700'000'000'000ms};

class SweeperTest : public ::testing::Test {
  protected:
    /// A blob as a writer that died would leave it.
    BlobKey leave_blob() {
        const auto key = house.ids.next<BlobKey>();
        EXPECT_TRUE(house.ledger.reserve(std::span(&key, 1), clock.now() + 1min));
        EXPECT_TRUE(put(*house.blobs, key, bytes_of("left")));
        return key;
    }

    std::size_t sweep() { return sweeper.sweep({}); }

    ManualClock clock{start};
    House house{clock};
    Sweeper sweeper{clock, {house.ledger, *house.blobs, house.log}, house.keys, house.metrics, 1h};
};

TEST_F(SweeperTest, RemovesDoomedBlobs) {
    const Job job = house.upload();
    ASSERT_TRUE(house.catalog.delete_job(house.owner, job.id, clock.now()));
    EXPECT_EQ(house.stored().size(), 1U);
    EXPECT_EQ(sweep(), 1U);
    house.expect_nothing();
    EXPECT_NE(house.metrics.expose().find("safelight_blobs_swept_total 1"), std::string::npos);
}

TEST_F(SweeperTest, RemovesOverdueWritesAndNoOthers) {
    leave_blob();
    EXPECT_EQ(sweep(), 0U);
    EXPECT_EQ(house.stored().size(), 1U);
    clock.advance(1min);
    EXPECT_EQ(sweep(), 1U);
    house.expect_nothing();
}

TEST_F(SweeperTest, WhatCannotBeRemovedDoesNotHoldUpTheRest) {
    // More than one page, none of which the store removes, and then one that it does.
    for (int i = 0; i < 300; ++i) leave_blob();
    const BlobKey last = leave_blob();
    clock.advance(1min);
    for (std::uint64_t nth = 1; nth <= 300; ++nth) {
        house.faults.fail(BlobOperation::remove, nth, {ErrorCode::unavailable, "injected", {}, {}});
    }
    EXPECT_EQ(sweep(), 1U);
    EXPECT_EQ(house.stored().size(), 300U);
    EXPECT_FALSE(house.blobs->open(last));
}

TEST_F(SweeperTest, LeavesLiveBlobsAlone) {
    static_cast<void>(house.upload());
    clock.advance(std::chrono::days(365));
    EXPECT_EQ(sweep(), 0U);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 1U);
}

TEST_F(SweeperTest, RowsWithoutBytesGoToo) {
    const auto key = house.ids.next<BlobKey>();
    ASSERT_TRUE(house.ledger.reserve(std::span(&key, 1), clock.now()));
    EXPECT_EQ(sweep(), 1U);
    house.expect_nothing();
}

TEST_F(SweeperTest, GoesOnUntilNothingIsLeft) {
    for (int i = 0; i < 300; ++i) leave_blob();
    clock.advance(1h);
    EXPECT_EQ(sweep(), 300U);
    house.expect_nothing();
}

TEST_F(SweeperTest, WhatTheStoreRefusesComesWithTheNextRound) {
    leave_blob();
    leave_blob();
    clock.advance(1h);
    house.faults.fail(BlobOperation::remove, 1, {ErrorCode::unavailable, "injected", {}, {}});
    EXPECT_EQ(sweep(), 1U);
    EXPECT_EQ(house.stored().size(), 1U);
    EXPECT_EQ(house.entries().size(), 1U);
    EXPECT_EQ(sweep(), 1U);
    house.expect_nothing();
}

TEST_F(SweeperTest, RowsThatCouldNotBeDroppedComeAgain) {
    leave_blob();
    clock.advance(1h);
    house.script.before("forget", failing_once(ErrorCode::unavailable));
    EXPECT_EQ(sweep(), 0U);
    EXPECT_EQ(house.entries().size(), 1U);
    EXPECT_EQ(sweep(), 1U);
    house.expect_nothing();
}

TEST_F(SweeperTest, ACatalogThatDoesNotAnswerIsLogged) {
    house.script.before("sweepable", failing(ErrorCode::unavailable));
    EXPECT_EQ(sweep(), 0U);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "sweeping failed"), 1U);
}

TEST_F(SweeperTest, RunsByItself) {
    leave_blob();
    clock.advance(1h);
    sweeper.start();
    house.script.await("forget", 1);
    sweeper.stop();
    house.expect_nothing();
}

}  // namespace
}  // namespace safelight
