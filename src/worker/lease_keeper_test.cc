#include "worker/lease_keeper.h"

#include <gtest/gtest.h>

#include <latch>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

const Timestamp start{1'700'000'000'000ms};

class LeaseKeeperTest : public ::testing::Test {
  protected:
    Claim claim(Milliseconds lease) {
        const Job job = house.upload();
        return *value_of(house.claims.claim(job.id, lease, clock.now()));
    }

    ManualClock clock{start};
    House house{clock};
};

TEST_F(LeaseKeeperTest, RenewsAgainAndAgain) {
    constexpr Milliseconds lease = 30ms;
    const Claim claimed = claim(lease);
    LeaseKeeper keeper(house.claims, clock, house.log, lease);
    const auto hold = keeper.hold(claimed.job_id, claimed.attempt);
    house.script.await("renew", 1);
    clock.advance(1h);
    // The second of these began after the clock moved.
    house.script.await("renew", house.script.count("renew") + 2);
    EXPECT_FALSE(*house.claims.claim(claimed.job_id, lease, clock.now())) << "nobody else gets it";
    EXPECT_FALSE(hold->is_lost());
}

TEST_F(LeaseKeeperTest, KeepsManyAtOnce) {
    constexpr Milliseconds lease = 30ms;
    LeaseKeeper keeper(house.claims, clock, house.log, lease);
    std::vector<std::unique_ptr<LeaseKeeper::Hold>> holds;
    for (int i = 0; i < 8; ++i) {
        const Claim claimed = claim(lease);
        holds.push_back(keeper.hold(claimed.job_id, claimed.attempt));
    }
    house.script.await("renew", 40);
    for (const auto& hold : holds) EXPECT_FALSE(hold->is_lost());
}

TEST_F(LeaseKeeperTest, ALeaseThatWasTakenOverIsLost) {
    const Claim claimed = claim(1min);
    LeaseKeeper keeper(house.claims, clock, house.log, 1min);
    const auto hold = keeper.hold(claimed.job_id, claimed.attempt);
    clock.advance(2min);
    ASSERT_TRUE(*house.claims.claim(claimed.job_id, 1min, clock.now()));
    hold->renew_soon();
    house.script.await("renew", 1);
    hold->let_go();
    EXPECT_TRUE(hold->is_lost());
}

TEST_F(LeaseKeeperTest, ADeletedJobIsLostAtOnceWhenAsked) {
    const Claim claimed = claim(1h);
    LeaseKeeper keeper(house.claims, clock, house.log, 1h);
    const auto hold = keeper.hold(claimed.job_id, claimed.attempt);
    ASSERT_TRUE(house.catalog.delete_job(house.owner, claimed.job_id, clock.now()));
    hold->renew_soon();
    house.script.await("renew", 1);
    hold->let_go();
    EXPECT_TRUE(hold->is_lost());
}

TEST_F(LeaseKeeperTest, ACatalogThatDoesNotAnswerIsAskedAgain) {
    const Claim claimed = claim(30ms);
    house.script.before("renew", failing_once(ErrorCode::unavailable));
    LeaseKeeper keeper(house.claims, clock, house.log, 30ms);
    const auto hold = keeper.hold(claimed.job_id, claimed.attempt);
    house.script.await("renew", 1);
    EXPECT_FALSE(hold->is_lost());
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "renewing a lease failed"), 1U);
}

TEST_F(LeaseKeeperTest, LettingGoWaitsForARenewalUnderWay) {
    std::latch renewing(1);
    std::latch go_on(1);
    house.script.before("renew", [&]() -> std::optional<Error> {
        renewing.count_down();
        go_on.wait();
        return std::nullopt;
    });
    const Claim claimed = claim(1h);
    LeaseKeeper keeper(house.claims, clock, house.log, 1h);
    const auto hold = keeper.hold(claimed.job_id, claimed.attempt);
    hold->renew_soon();
    renewing.wait();
    std::atomic<bool> let_go = false;
    std::jthread owner([&] {
        hold->let_go();
        let_go = true;
        EXPECT_EQ(house.script.count("renew"), 1U);
    });
    EXPECT_FALSE(let_go);
    go_on.count_down();
    owner.join();
    EXPECT_TRUE(let_go);
}

TEST_F(LeaseKeeperTest, WhatWasLetGoIsNotRenewed) {
    const Claim first = claim(1h);
    const Claim second = claim(1h);
    LeaseKeeper keeper(house.claims, clock, house.log, 1h);
    const auto gone = keeper.hold(first.job_id, first.attempt);
    const auto kept = keeper.hold(second.job_id, second.attempt);
    gone->let_go();
    gone->let_go();
    gone->renew_soon();
    kept->renew_soon();
    house.script.await("renew", 1);
    kept->let_go();
    EXPECT_EQ(house.script.count("renew"), 1U);
}

}  // namespace
}  // namespace safelight
