// What may go wrong around a job: stores that fail, claims that are lost, deletions, a shutdown.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "worker/job_runner.h"
#include "worker/testing/job_runner_fixture.h"

namespace safelight::testing {
namespace {

// Failures of the stores

TEST_F(JobRunnerTest, ADamagedOriginalFailsForGoodAndLoudly) {
    const Job job = house.upload({"thumbnail", "large"});
    house.faults.corrupt_reads();
    run(job.id);
    house.faults.clear();
    expect_all_failed(house.find(job.id), ErrorCode::corrupt_blob);
    EXPECT_EQ(house.renderer.renders(), 0U);
    EXPECT_EQ(house.log.count(telemetry::Level::error, "stored original is damaged"), 1U);
    house.expect_in_order();
}

TEST_F(JobRunnerTest, EveryFailureOfTheStoreIsRetried) {
    for (const BlobOperation operation : {BlobOperation::open, BlobOperation::read, BlobOperation::create,
                                          BlobOperation::write, BlobOperation::commit}) {
        for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::storage_full}) {
            for (const FaultMoment moment : {FaultMoment::before_effect, FaultMoment::after_effect}) {
                const Job job = house.upload({"thumbnail", "large"});
                const auto before = house.stored();
                house.faults.fail(operation, 1, error_of(code), moment);
                run(job.id);
                EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
                EXPECT_EQ(house.stored(), before) << static_cast<int>(operation);
                house.expect_in_order();
                clock.advance(12s);
                run(job.id);
                EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
                house.expect_in_order();
            }
        }
    }
}

TEST_F(JobRunnerTest, AnOutageOfTheStoreUsesUpNoTries) {
    const Job job = house.upload();
    house.faults.fail_always(BlobOperation::open, error_of(ErrorCode::unavailable));
    for (std::uint32_t i = 0; i < 10; ++i) {
        run(job.id);
        EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
        EXPECT_EQ(due_times.size(), i + 1);
        clock.advance(1min);
    }
    house.faults.clear();
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    house.expect_in_order();
}

TEST_F(JobRunnerTest, TheSecondBlobsFailureRemovesTheFirst) {
    const Job job = house.upload({"thumbnail", "large"});
    house.faults.fail(BlobOperation::commit, 2, error_of(ErrorCode::storage_full));
    run(job.id);
    expect_waiting(job, 8s);
}

TEST_F(JobRunnerTest, FailuresOfTheCatalogLeaveNothingBehind) {
    for (const char* call : {"reserve", "complete"}) {
        const Job job = house.upload({"thumbnail", "large"});
        const auto before = house.stored();
        house.script.before(call, failing_once(ErrorCode::unavailable));
        run(job.id);
        house.script.clear();
        EXPECT_EQ(house.stored(), before) << call;
        house.expect_in_order();
        clock.advance(12s);
        run(job.id);
        EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
        house.expect_in_order();
    }
}

TEST_F(JobRunnerTest, ACommittedCompletionKeepsItsBlobsWhenTheAnswerGotLost) {
    const Job job = house.upload({"thumbnail", "large"});
    house.script.after("complete", failing_once(ErrorCode::unavailable));
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 3U);
}

TEST_F(JobRunnerTest, AClaimThatCannotBeGivenBackRunsOut) {
    const Job job = house.upload();
    render_fails_with(ErrorCode::timeout);
    house.script.before("release", failing(ErrorCode::unavailable));
    run(job.id);
    house.script.clear();
    EXPECT_EQ(due_times, std::vector{start + 30s}) << "the rescuer is told of the lease's end";
    house.renderer.on_render(nullptr);
    clock.advance(30s);
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
}

TEST_F(JobRunnerTest, AFailureThatCannotBeRecordedIsFoundAgain) {
    const Job job = house.upload();
    render_fails_with(ErrorCode::invalid_image);
    house.script.before("complete", failing(ErrorCode::unavailable));
    run(job.id);
    house.script.clear();
    EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
    EXPECT_EQ(due_times, std::vector{start + 30s});
    clock.advance(30s);
    run(job.id);
    expect_all_failed(house.find(job.id), ErrorCode::invalid_image);
}

TEST_F(JobRunnerTest, BlobsThatWereSweptAsOverdueAreMadeAgain) {
    const Job job = house.upload();
    house.script.before("complete", [&]() -> std::optional<Error> {
        const auto overdue =
            value_of(house.ledger.sweepable(std::nullopt, 10, clock.now() + config.write_deadline));
        EXPECT_EQ(overdue.size(), 1U);
        EXPECT_EQ(remove_doomed({house.ledger, *house.blobs, house.log}, overdue), 1U);
        return std::nullopt;
    });
    run(job.id);
    house.script.clear();
    expect_waiting(job);
    clock.advance(2s);
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    house.expect_in_order();
}

TEST_F(JobRunnerTest, WhatCannotBeRemovedIsLeftToTheSweeper) {
    const Job job = house.upload();
    house.script.before("complete", failing_once(ErrorCode::unavailable));
    house.faults.fail_always(BlobOperation::remove, error_of(ErrorCode::unavailable));
    run(job.id);
    house.faults.clear();
    const auto left = value_of(house.ledger.sweepable(std::nullopt, 10, clock.now()));
    EXPECT_EQ(left.size(), 1U);
    EXPECT_EQ(remove_doomed({house.ledger, *house.blobs, house.log}, left), 1U);
    house.expect_in_order();
}

// Lost claims

TEST_F(JobRunnerTest, ALateCommitIsRejectedAndItsBlobsAreCollected) {
    const Job job = house.upload({"thumbnail"});
    std::atomic<bool> is_first = true;
    before_render([&] {
        if (!is_first.exchange(false)) return;
        // This worker stood still for longer than its lease; another one takes over and finishes.
        clock.advance(31s);
        run(job.id);
        EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    });
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(done.status, JobStatus::processed);
    EXPECT_EQ(done.attempts, 2U);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 2U);
    EXPECT_NE(house.metrics.expose().find(R"(safelight_attempts_total{result="fenced"} 1)"),
              std::string::npos);
}

TEST_F(JobRunnerTest, ALateFailureDoesNotSpoilAFinishedJob) {
    const Job job = house.upload({"thumbnail"});
    std::atomic<bool> is_first = true;
    house.renderer.on_render([&](ByteSource& source, std::span<const Transform> transforms,
                                 const CancelCheck&) -> Result<Renditions> {
        if (!is_first.exchange(false)) return ScriptedRenderer::make(source, transforms);
        clock.advance(31s);
        run(job.id);
        return failure(ErrorCode::invalid_image, "Late.");
    });
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    house.expect_in_order();
}

class JobRunnerDeletion : public JobRunnerTest {
  protected:
    void delete_it() { ASSERT_TRUE(library->delete_job(house.owner, job.id)); }

    void expect_gone() {
        EXPECT_FALSE(house.catalog.find_job(house.owner, job.id));
        house.expect_nothing();
    }

    const Job job = house.upload({"thumbnail", "large"});
    const std::unique_ptr<Library> library = house.make_library();
};

TEST_F(JobRunnerDeletion, BeforeTheClaim) {
    delete_it();
    run(job.id);
    EXPECT_EQ(house.renderer.renders(), 0U);
    expect_gone();
}

TEST_F(JobRunnerDeletion, AtEveryCallOfTheCatalog) {
    // After the claim; before and after the reservation; before the commit.
    for (const char* step : {"after claim", "before reserve", "after reserve", "before complete"}) {
        const Job doomed = house.upload({"thumbnail", "large"});
        const auto hook = [&]() -> std::optional<Error> {
            house.script.clear();
            EXPECT_TRUE(library->delete_job(house.owner, doomed.id));
            return std::nullopt;
        };
        const std::string text = step;
        const std::string call = text.substr(text.find(' ') + 1);
        text.starts_with("after") ? house.script.after(call, hook) : house.script.before(call, hook);
        run(doomed.id);
        EXPECT_FALSE(house.catalog.find_job(house.owner, doomed.id)) << step;
        house.expect_in_order();
        EXPECT_EQ(house.stored().size(), 1U) << step;
    }
    EXPECT_EQ(house.log.count(telemetry::Level::error, "stored original is damaged"), 0U);
}

TEST_F(JobRunnerDeletion, AtEveryCallOfTheStore) {
    for (const BlobOperation step : {BlobOperation::open, BlobOperation::read, BlobOperation::create,
                                     BlobOperation::write, BlobOperation::commit}) {
        const Job doomed = house.upload({"thumbnail", "large"});
        std::atomic<bool> is_first = true;
        house.faults.before([&](BlobOperation operation, BlobKey) {
            if (operation != step || !is_first.exchange(false)) return;
            EXPECT_TRUE(library->delete_job(house.owner, doomed.id));
        });
        run(doomed.id);
        house.faults.before({});
        EXPECT_FALSE(house.catalog.find_job(house.owner, doomed.id)) << static_cast<int>(step);
        house.expect_in_order();
        EXPECT_EQ(house.stored().size(), 1U) << static_cast<int>(step);
    }
}

TEST_F(JobRunnerDeletion, WhileItRendersStopsTheWorkEarly) {
    config.lease = 24h;  // no renewal of its own comes in time: it is the deletion that stops the render
    render_until_cancelled([this] { delete_it(); });
    run(job.id);
    expect_gone();
    EXPECT_NE(house.metrics.expose().find(R"(safelight_attempts_total{result="fenced"} 1)"),
              std::string::npos);
}

TEST_F(JobRunnerDeletion, WhileItRendersToTheEnd) {
    before_render([this] { delete_it(); });
    run(job.id);
    expect_gone();
}

TEST_F(JobRunnerDeletion, AfterTheCommit) {
    run(job.id);
    delete_it();
    run(job.id);
    expect_gone();
}

// Cancelling

class JobRunnerCancellation : public JobRunnerDeletion {
  protected:
    void cancel_it() { ASSERT_TRUE(library->cancel_job(house.owner, job.id)); }

    /// Nothing of the attempt is left, and the job can be tried again.
    void expect_cancelled(JobId id) {
        const Job cancelled = house.find(id);
        EXPECT_EQ(cancelled.status, JobStatus::failed);
        for (const Variant& variant : cancelled.image.variants)
            EXPECT_EQ(variant.error.value().code, ErrorCode::cancelled);
        house.expect_in_order();
        ASSERT_TRUE(library->retry_job(house.owner, id));
        run(id);
        EXPECT_EQ(house.find(id).status, JobStatus::processed);
        house.expect_in_order();
    }
};

TEST_F(JobRunnerCancellation, BeforeTheClaim) {
    cancel_it();
    run(job.id);
    EXPECT_EQ(house.renderer.renders(), 0U);
    expect_cancelled(job.id);
}

TEST_F(JobRunnerCancellation, AtEveryCallOfTheCatalog) {
    for (const char* step : {"after claim", "before reserve", "after reserve", "before complete"}) {
        const Job cancelled = house.upload({"thumbnail", "large"});
        const auto hook = [&]() -> std::optional<Error> {
            house.script.clear();
            EXPECT_TRUE(library->cancel_job(house.owner, cancelled.id));
            return std::nullopt;
        };
        const std::string text = step;
        const std::string call = text.substr(text.find(' ') + 1);
        text.starts_with("after") ? house.script.after(call, hook) : house.script.before(call, hook);
        run(cancelled.id);
        expect_cancelled(cancelled.id);
    }
}

TEST_F(JobRunnerCancellation, WhileItRendersStopsTheWorkEarly) {
    config.lease = 24h;  // no renewal of its own comes in time: it is the cancelling that stops the render
    render_until_cancelled([this] { cancel_it(); });
    run(job.id);
    EXPECT_NE(house.metrics.expose().find(R"(safelight_attempts_total{result="fenced"} 1)"),
              std::string::npos);
    before_render([] {});
    expect_cancelled(job.id);
}

// Shutdown

TEST_F(JobRunnerTest, AShutdownGivesTheClaimBackUncounted) {
    const Job job = house.upload();
    render_until_cancelled([this] { give_back = true; });
    run(job.id);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 1U);
    const auto again = value_of(house.claims.claim(job.id, 30s, clock.now()));
    ASSERT_TRUE(again) << "at once";
    EXPECT_EQ(again->tries, 1U);
    EXPECT_EQ(again->attempt, 2U);
}

TEST_F(JobRunnerTest, ALongRenderKeepsItsLease) {
    config.lease = 30ms;
    const Job job = house.upload();
    before_render([&] {
        house.script.await("renew", 3);
        EXPECT_TRUE(value_of(house.claims.claimable(10, clock.now())).empty());
    });
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    EXPECT_EQ(house.find(job.id).attempts, 1U);
}

}  // namespace
}  // namespace safelight::testing
