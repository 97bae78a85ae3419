#include "worker/rerender_runner.h"

#include <gtest/gtest.h>

#include <array>

#include "worker/testing/job_runner_fixture.h"

namespace safelight::testing {
namespace {

class RerenderRunnerTest : public JobRunnerTest {
  protected:
    /// An image whose thumbnail is ready, by the transform of House::requests.
    Job upload_ready() {
        const Job job = house.upload();
        run(job.id);
        return house.find(job.id);
    }
    static Transform wanted() {
        Transform transform;
        transform.resize = Resize{.width_px = 300};
        return transform;
    }
    void request(const Job& job) {
        ASSERT_EQ(value_of(house.rerenders.request(std::array{job.image.id}, "thumbnail", wanted(), false,
                                                   clock.now())),
                  1U);
    }
    /// One round of a runner of its own.
    Result<bool> run_next() {
        LeaseKeeper leases(house.claims, clock, house.log, config.lease);
        const WorkerParts parts = parts_of_house();
        RenderBudget budget(config.render_bytes_max);
        JobRunner maker(config, parts, leases, budget, [](Timestamp) {}, give_back);
        RerenderRunner runner(config, parts, leases, maker, give_back);
        RenderSlots slots(1);
        return runner.run_next(*slots.take({}));
    }
    /// The old bytes are swept later; at rest all is in order.
    void expect_in_order_once_swept() {
        const auto doomed = value_of(house.ledger.sweepable(std::nullopt, 100, clock.now()));
        remove_doomed({house.ledger, *house.blobs, house.log}, doomed);
        house.expect_in_order();
    }
    [[nodiscard]] RerenderCounts counts() { return value_of(house.rerenders.counts("thumbnail")); }
};

TEST_F(RerenderRunnerTest, NothingToDoCostsNoWork) {
    upload_ready();
    EXPECT_FALSE(value_of(run_next()));
    EXPECT_EQ(house.renderer.renders(), 1U);
}

TEST_F(RerenderRunnerTest, PutsTheNewVariantInTheOldOnesPlace) {
    const Job job = upload_ready();
    request(job);
    clock.advance(1s);
    int notified = 0;
    const auto subscription = house.watch.subscribe(job.id, [&] { ++notified; });
    before_render([&] { EXPECT_EQ(house.find(job.id), job) << "the old one is served meanwhile"; });
    EXPECT_TRUE(value_of(run_next()));
    const Job done = house.find(job.id);
    EXPECT_EQ(done.status, JobStatus::processed);
    EXPECT_EQ(done.attempts, job.attempts);
    EXPECT_EQ(done.image.variants[0].transform, wanted());
    EXPECT_NE(done.image.variants[0].content->blob, job.image.variants[0].content->blob);
    EXPECT_EQ(notified, 1);
    EXPECT_EQ(house.log.count(telemetry::Level::info, "rerender"), 1U);
    EXPECT_TRUE(house.blobs->open(job.image.variants[0].content->blob)) << "until the sweeper comes";
    expect_in_order_once_swept();
    EXPECT_EQ(house.stored().size(), 2U);
    EXPECT_FALSE(value_of(run_next()));
}

TEST_F(RerenderRunnerTest, FailureKeepsTheOldVariantAndIsReported) {
    const Job job = upload_ready();
    request(job);
    render_fails_with(ErrorCode::invalid_image);
    EXPECT_TRUE(value_of(run_next()));
    EXPECT_EQ(house.find(job.id), job);
    EXPECT_EQ(counts().failed, 1U);
    EXPECT_EQ(counts().waiting, 0U);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "rerender"), 1U);
    house.expect_in_order();
}

TEST_F(RerenderRunnerTest, PassingTroubleIsTriedAgainLaterAndGivenUpInTheEnd) {
    const Job job = upload_ready();
    request(job);
    render_fails_with(ErrorCode::overloaded);
    for (std::uint32_t attempt = 1; attempt <= config.tries_max; ++attempt) {
        EXPECT_TRUE(value_of(run_next())) << attempt;
        EXPECT_FALSE(value_of(run_next())) << "not before its time";
        EXPECT_EQ(counts().failed, attempt == config.tries_max ? 1U : 0U);
        clock.advance(config.backoff_max);
    }
    EXPECT_EQ(house.find(job.id), job);
    house.expect_in_order();
}

TEST_F(RerenderRunnerTest, AnOutageUsesUpNoTries) {
    const Job job = upload_ready();
    request(job);
    render_fails_with(ErrorCode::unavailable);
    for (std::uint32_t attempt = 0; attempt < 2 * config.tries_max; ++attempt) {
        EXPECT_TRUE(value_of(run_next())) << attempt;
        EXPECT_FALSE(value_of(run_next())) << "not before its time";
        clock.advance(config.backoff_max);
    }
    EXPECT_EQ(counts().failed, 0U);
    EXPECT_EQ(counts().waiting, 1U);
    EXPECT_EQ(house.find(job.id), job);
    house.expect_in_order();
}

TEST_F(RerenderRunnerTest, TriesOfWorkersThatDiedCount) {
    const Job job = upload_ready();
    request(job);
    for (std::uint32_t i = 0; i < config.tries_max; ++i) {
        ASSERT_TRUE(value_of(house.rerenders.claim(config.lease, clock.now())).claim);
        clock.advance(config.lease);
    }
    EXPECT_TRUE(value_of(run_next()));
    EXPECT_EQ(house.renderer.renders(), 1U) << "not rendered once more";
    EXPECT_EQ(counts().failed, 1U);
    EXPECT_EQ(house.find(job.id), job);
}

TEST_F(RerenderRunnerTest, WhoLostTheLeaseLeavesNothingBehind) {
    const Job job = upload_ready();
    request(job);
    before_render([&] {
        clock.advance(config.lease);
        ASSERT_TRUE(value_of(house.rerenders.claim(config.lease, clock.now())).claim);
    });
    EXPECT_TRUE(value_of(run_next()));
    EXPECT_EQ(house.find(job.id), job);
    EXPECT_EQ(counts().waiting, 1U) << "the other one has it";
    house.expect_in_order();
}

TEST_F(RerenderRunnerTest, ADeletionMeanwhileLeavesNothingBehind) {
    const Job job = upload_ready();
    request(job);
    const auto library = house.make_library();
    before_render([&] { EXPECT_TRUE(library->delete_job(house.owner, job.id)); });
    EXPECT_TRUE(value_of(run_next()));
    house.expect_nothing();
    EXPECT_EQ(value_of(house.rerenders.backlog()), 0U);
}

TEST_F(RerenderRunnerTest, AShutdownGivesTheClaimBackUncounted) {
    const Job job = upload_ready();
    request(job);
    render_until_cancelled([this] { give_back = true; });
    EXPECT_TRUE(value_of(run_next()));
    give_back = false;
    const auto claim = value_of(house.rerenders.claim(config.lease, clock.now())).claim;
    ASSERT_TRUE(claim) << "due at once";
    EXPECT_EQ(claim->tries, 1U);
    EXPECT_EQ(house.find(job.id), job);
    house.expect_in_order();
}

TEST_F(RerenderRunnerTest, ACommitWithoutAnAnswerLosesNothing) {
    const Job job = upload_ready();
    request(job);
    house.script.after("complete_rerender", failing_once(ErrorCode::unavailable));
    EXPECT_TRUE(value_of(run_next()));
    EXPECT_EQ(house.find(job.id).image.variants[0].transform, wanted()) << "it had been committed";
    expect_in_order_once_swept();
    EXPECT_EQ(house.stored().size(), 2U);
}

TEST_F(RerenderRunnerTest, ACatalogThatDoesNotAnswerIsAnError) {
    house.script.before("claim_rerender", failing(ErrorCode::unavailable));
    EXPECT_FALSE(run_next());
}

}  // namespace
}  // namespace safelight::testing
