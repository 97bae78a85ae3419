#include "worker/duties/rescuer.h"

#include <gtest/gtest.h>

#include <set>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

const Timestamp start{1'700'000'000'000ms};

class RescuerTest : public ::testing::Test {
  protected:
    std::optional<JobId> hint() {
        const auto delivery = value_of(house.queue.receive(0ms, {}));
        return delivery ? std::optional(delivery->job_id) : std::nullopt;
    }

    Job upload_with_lost_hint() {
        house.queue.hints_get_lost = true;
        Job job = house.upload();
        house.queue.hints_get_lost = false;
        return job;
    }

    ManualClock clock{start};
    House house{clock};
    Rescuer rescuer{{clock, house.claims, house.queue, house.log, house.metrics}, 5s};
};

TEST_F(RescuerTest, PublishesAJobWhoseHintWasLost) {
    const Job job = upload_with_lost_hint();
    EXPECT_EQ(hint(), std::nullopt);
    EXPECT_EQ(rescuer.rescue(), 5s);
    EXPECT_EQ(hint(), job.id);
    EXPECT_NE(house.metrics.expose().find("safelight_jobs_rescued_total 1"), std::string::npos);
}

TEST_F(RescuerTest, LeavesHeldJobsAloneUntilTheirLeaseRunsOut) {
    const Job job = upload_with_lost_hint();
    ASSERT_TRUE(*house.claims.claim(job.id, 30s, clock.now()));
    rescuer.rescue();
    EXPECT_EQ(hint(), std::nullopt);
    clock.advance(31s);
    rescuer.rescue();
    EXPECT_EQ(hint(), job.id);
}

TEST_F(RescuerTest, PublishesARetryWhenItIsDueAndWakesForIt) {
    const Job job = upload_with_lost_hint();
    const Claim claim = *value_of(house.claims.claim(job.id, 30s, clock.now()));
    ASSERT_TRUE(house.claims.release(job.id, claim.attempt, start + 1200ms, true, clock.now()));
    rescuer.note_due(start + 1200ms);
    rescuer.note_due(start + 3s);
    EXPECT_EQ(rescuer.rescue(), 1200ms) << "the earliest decides";
    EXPECT_EQ(hint(), std::nullopt);
    clock.advance(1200ms);
    EXPECT_EQ(rescuer.rescue(), 1800ms);
    EXPECT_EQ(hint(), job.id);
    clock.advance(10s);
    EXPECT_EQ(rescuer.rescue(), 5s) << "what is past is forgotten";
}

TEST_F(RescuerTest, NeverWaitsLongerThanTheInterval) {
    rescuer.note_due(start + 1h);
    EXPECT_EQ(rescuer.rescue(), 5s);
}

TEST_F(RescuerTest, TheMoreHintsWaitTheFewerItAdds) {
    std::set<JobId> jobs;
    for (int i = 0; i < 40; ++i) jobs.insert(upload_with_lost_hint().id);
    // Hints of jobs that are gone keep a lane busy, in which 16 of them wait; the others are in the overflow.
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(house.queue.publish({house.ids.next<JobId>()}));
    const std::uint32_t before = house.queue.published;
    rescuer.rescue();
    EXPECT_EQ(house.queue.published - before, 4U + 24U);
    while (hint()) {
    }
    rescuer.rescue();
    EXPECT_EQ(house.queue.published - before, 4U + 24U + 40U);
}

TEST_F(RescuerTest, TroubleIsLoggedAndTriedAgain) {
    const Job job = upload_with_lost_hint();
    house.script.before("claimable", failing(ErrorCode::unavailable));
    EXPECT_EQ(rescuer.rescue(), 5s);
    house.script.clear();
    house.queue.publish_fails = true;
    EXPECT_EQ(rescuer.rescue(), 5s);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "rescuing failed"), 2U);
    house.queue.publish_fails = false;
    rescuer.rescue();
    EXPECT_EQ(hint(), job.id);
}

TEST_F(RescuerTest, RunsByItself) {
    const Job job = upload_with_lost_hint();
    rescuer.start();
    const auto delivery = value_of(house.queue.receive(patience, {}));
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->job_id, job.id);
    rescuer.stop();
}

}  // namespace
}  // namespace safelight
