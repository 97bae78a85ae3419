#include "worker/duties/bulk_runner.h"

#include <gtest/gtest.h>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

const Timestamp start{1'700'000'000'000ms};

class BulkRunnerTest : public ::testing::Test {
  protected:
    Job fail_one() {
        const Job job = house.upload({"thumbnail"}, 300);
        const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
        const VariantOutcome failed{"thumbnail", std::nullopt, VariantError{ErrorCode::timeout, "Late."}};
        EXPECT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&failed, 1), clock.now()));
        return job;
    }
    BulkOperation ask(BulkKind kind, const JobFilter& filter = {.status = JobStatus::failed}) {
        const BulkOperation operation{.id = house.ids.next<BulkOperationId>(),
                                      .owner = house.owner,
                                      .kind = kind,
                                      .filter = filter,
                                      .created_at = clock.now()};
        EXPECT_TRUE(operations().create(operation));
        return operation;
    }
    BulkOperations& operations() { return house.database->bulk_operations(); }
    BulkOperation find(const BulkOperation& operation) {
        return value_of(operations().find(house.owner, operation.id));
    }

    ManualClock clock{start};
    House house{clock};
    BulkConfig config{.interval = 1h, .lease = 30s};
    BulkRunner runner{{clock,
                       operations(),
                       house.claims,
                       {house.ledger, *house.blobs, house.log},
                       house.queue,
                       house.watch,
                       house.metrics},
                      config};
};

TEST_F(BulkRunnerTest, WhatIsTriedAgainIsPublishedAndTold) {
    const Job job = fail_one();
    int told = 0;
    const auto subscription = house.watch.subscribe(job.id, [&told] { ++told; });
    const std::uint32_t published = house.queue.published;
    const BulkOperation operation = ask(BulkKind::retry);
    EXPECT_EQ(runner.run({}), 1U);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
    EXPECT_EQ(house.queue.published, published + 1);
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(find(operation).finished_at);
    EXPECT_EQ(runner.run({}), 0U) << "nothing is due any more";
}

TEST_F(BulkRunnerTest, ManyPagesOfDeletionsLeaveNothingBehind) {
    for (int i = 0; i < 120; ++i) fail_one();
    const BulkOperation operation = ask(BulkKind::remove);
    EXPECT_EQ(runner.run({}), 3U);
    EXPECT_EQ(find(operation).jobs_done, 120U);
    house.expect_nothing();
    EXPECT_NE(house.metrics.expose().find("safelight_deletions_total 120"), std::string::npos);
}

TEST_F(BulkRunnerTest, BytesThatCannotBeRemovedAreTheSweepers) {
    const Job job = fail_one();
    house.faults.fail(BlobOperation::remove, 1, {ErrorCode::unavailable, "injected", {}, {}});
    const BulkOperation operation = ask(BulkKind::remove);
    EXPECT_EQ(runner.run({}), 1U);
    EXPECT_TRUE(find(operation).finished_at);
    ASSERT_EQ(house.entries().size(), 1U);
    EXPECT_EQ(house.entries().front().state, BlobState::doomed);
    EXPECT_EQ(house.entries().front().key, job.image.blob);
}

TEST_F(BulkRunnerTest, AStopGivesItBackAtOnce) {
    const Job job = fail_one();
    for (int i = 0; i < 60; ++i) fail_one();
    const BulkOperation operation = ask(BulkKind::remove);
    std::stop_source stop;
    // Between the first page, which is told, and the second.
    const auto subscription = house.watch.subscribe(job.id, [&stop] { stop.request_stop(); });
    EXPECT_EQ(runner.run(stop.get_token()), 1U);
    EXPECT_EQ(find(operation).jobs_done, 50U);
    EXPECT_FALSE(find(operation).finished_at);
    EXPECT_TRUE(value_of(operations().claim(1s, clock.now()))) << "free for another";
}

TEST_F(BulkRunnerTest, RetriesWaitWhileTooManyJobsWait) {
    const Job failed_job = fail_one();
    for (int i = 0; i < 3; ++i) (void)house.upload();
    BulkConfig small = config;
    small.backlog_max = 3;
    BulkRunner careful{{clock,
                        operations(),
                        house.claims,
                        {house.ledger, *house.blobs, house.log},
                        house.queue,
                        house.watch,
                        house.metrics},
                       small};
    const BulkOperation operation = ask(BulkKind::retry);
    EXPECT_EQ(careful.run({}), 0U);
    EXPECT_EQ(house.find(failed_job.id).status, JobStatus::failed);
    EXPECT_EQ(careful.run({}), 0U) << "it is not due yet";
    const auto library = house.make_library();
    EXPECT_TRUE(library->delete_job(house.owner, value_of(house.claims.claimable(1, clock.now())).at(0).id));
    clock.advance(1h);
    EXPECT_EQ(careful.run({}), 1U);
    EXPECT_EQ(house.find(failed_job.id).status, JobStatus::processing);
    EXPECT_TRUE(find(operation).finished_at);
}

TEST_F(BulkRunnerTest, InTheBackgroundItFindsWhatIsDue) {
    const Job job = fail_one();
    ask(BulkKind::retry);
    std::atomic<bool> told = false;
    const auto subscription = house.watch.subscribe(job.id, [&told] {
        told = true;
        told.notify_all();
    });
    runner.start();
    told.wait(false);
    runner.stop();
    EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
}

}  // namespace
}  // namespace safelight
