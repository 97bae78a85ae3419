// Jobs that are tried again, and jobs that are called off.
#include <array>
#include <latch>
#include <thread>

#include "catalog/conformance/control_suite.h"

namespace safelight {
namespace {

TEST_P(ControlConformance, FailedVariantsArePendingAgainAndTheOthersStay) {
    const Job failed_job = create_failed();
    ASSERT_EQ(failed_job.status, JobStatus::failed);
    advance(Milliseconds{1'000});
    const auto again = retry(failed_job.id);
    SAFELIGHT_ASSERT_OK(again);
    EXPECT_EQ(again->status, JobStatus::processing);
    EXPECT_EQ(again->updated_at, now());
    EXPECT_FALSE(again->finished_at);
    EXPECT_EQ(again->image.variants[0], failed_job.image.variants[0]) << "what was made stays";
    EXPECT_EQ(again->image.variants[1].status, VariantStatus::pending);
    EXPECT_FALSE(again->image.variants[1].error);
    EXPECT_EQ(*again, find(failed_job.id));
    EXPECT_EQ(backlog(), 1U);
    EXPECT_EQ(claimable(), std::vector{failed_job.id});

    const Claim held = claim(failed_job.id);
    EXPECT_EQ(held.tries, 1U);
    EXPECT_EQ(held.attempt, 2U);
    ASSERT_EQ(held.pending.size(), 1U);
    EXPECT_EQ(held.pending[0].name, "b");
    SAFELIGHT_ASSERT_OK(claims().complete(failed_job.id, held.attempt, std::array{made("b")}, now()));
    EXPECT_EQ(find(failed_job.id).status, JobStatus::processed);
}

TEST_P(ControlConformance, WhereNothingFailedNothingIsRetried) {
    const Job bare = create({});
    const Job waiting = create({"a"});
    const Job held = create({"a"});
    const Claim claimed = claim(held.id);
    const Job done = create({"a"});
    process(done.id, {"a"});
    for (const JobId id : {bare.id, waiting.id, held.id, done.id}) {
        const Job before = find(id);
        EXPECT_EQ(code_of(retry(id)), ErrorCode::nothing_to_retry);
        EXPECT_EQ(find(id), before);
    }
    SAFELIGHT_ASSERT_OK(claims().renew(held.id, claimed.attempt, lease, now()));
}

TEST_P(ControlConformance, TheSecondRetryHasNoEffect) {
    const Job job = create_failed();
    SAFELIGHT_ASSERT_OK(retry(job.id));
    const Claim held = claim(job.id);
    const Job before = find(job.id);
    EXPECT_EQ(code_of(retry(job.id)), ErrorCode::nothing_to_retry);
    EXPECT_EQ(find(job.id), before);
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, held.attempt, std::array{made("b")}, now()));
}

TEST_P(ControlConformance, OfRetriesAtTheSameTimeOneHasAnEffect) {
    const Job job = create_failed();
    const auto other = under_test().open_another();
    std::atomic<int> done = 0;
    std::atomic<int> refused = 0;
    std::latch begin{4};
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
        callers.emplace_back([&, i] {
            JobControl& mine = i % 2 == 0 ? control() : other->control();
            begin.arrive_and_wait();
            const auto outcome = mine.retry(default_account(), job.id, tries_max, now());
            if (outcome) ++done;
            if (!outcome && outcome.error().code == ErrorCode::nothing_to_retry) ++refused;
        });
    }
    callers.clear();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(refused, 3);
    EXPECT_EQ(backlog(), 1U);
}

TEST_P(ControlConformance, AJobWhoseLeaseRanOutIsRetriedAndItsWorkerFenced) {
    const Job job = create({"a"});
    const Claim late = claim(job.id);
    const std::array late_outcomes{made("a")};
    advance(lease - Milliseconds{1});
    EXPECT_EQ(code_of(retry(job.id)), ErrorCode::nothing_to_retry) << "somebody works on it";
    advance(Milliseconds{1});
    SAFELIGHT_ASSERT_OK(retry(job.id));
    EXPECT_EQ(code_of(retry(job.id)), ErrorCode::nothing_to_retry);
    // Not even before somebody else has begun.
    EXPECT_EQ(code_of(claims().renew(job.id, late.attempt, lease, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().complete(job.id, late.attempt, late_outcomes, now())), ErrorCode::fenced);
    const Claim next = claim(job.id);
    EXPECT_EQ(next.attempt, late.attempt + 1);
    EXPECT_EQ(next.tries, 1U);
    EXPECT_EQ(code_of(claims().complete(job.id, late.attempt, late_outcomes, now())), ErrorCode::fenced);
    EXPECT_EQ(state_of(late_outcomes[0].content->blob), BlobState::writing) << "the sweeper's";
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, next.attempt, std::array{made("a")}, now()));
}

TEST_P(ControlConformance, AJobWhoseTriesAreUsedUpIsRetried) {
    const Job job = create({"a"});
    for (std::uint32_t tries = 1; tries <= tries_max; ++tries) {
        EXPECT_EQ(code_of(retry(job.id)), ErrorCode::nothing_to_retry) << "it waits for its turn";
        const Claim held = claim(job.id);
        SAFELIGHT_ASSERT_OK(claims().release(job.id, held.attempt, now(), true, now()));
    }
    SAFELIGHT_ASSERT_OK(retry(job.id));
    EXPECT_EQ(claim(job.id).tries, 1U);
}

TEST_P(ControlConformance, ARetryLeavesAWorkerAloneThatMakesTheOthers) {
    const Job job = create_failed();
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::array{request("c")}, now()));
    const Claim held = claim(job.id);
    ASSERT_EQ(held.pending.size(), 1U);
    SAFELIGHT_ASSERT_OK(retry(job.id));
    EXPECT_TRUE(claimable().empty()) << "still held";
    const auto completion = claims().complete(job.id, held.attempt, std::array{made("c")}, now());
    SAFELIGHT_ASSERT_OK(completion);
    EXPECT_TRUE(completion->more_pending);
    EXPECT_EQ(claim(job.id).pending.at(0).name, "b");
}

TEST_P(ControlConformance, PendingVariantsAreCalledOffAndTheOthersStay) {
    const Job job = create({"a"});
    process(job.id, {"a"});
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::array{request("b")}, now()));
    advance(Milliseconds{1'000});
    const auto cancelled = cancel(job.id);
    SAFELIGHT_ASSERT_OK(cancelled);
    EXPECT_EQ(cancelled->status, JobStatus::failed);
    EXPECT_EQ(cancelled->finished_at, now());
    EXPECT_EQ(cancelled->image.variants[0].status, VariantStatus::ready);
    ASSERT_TRUE(cancelled->image.variants[1].error);
    EXPECT_EQ(cancelled->image.variants[1].error->code, ErrorCode::cancelled);
    EXPECT_EQ(*cancelled, find(job.id));
    EXPECT_TRUE(claimable().empty());
    EXPECT_EQ(backlog(), 0U);
    EXPECT_EQ(code_of(cancel(job.id)), ErrorCode::nothing_to_cancel);
    EXPECT_EQ(*cancelled, find(job.id));
}

TEST_P(ControlConformance, AWorkerInTheMidstOfItCannotCommitWhatWasCalledOff) {
    const Job job = create({"a", "b"});
    const Claim held = claim(job.id);
    const std::array outcomes{made("a"), failed("b")};
    SAFELIGHT_ASSERT_OK(cancel(job.id));
    const Job cancelled = find(job.id);
    EXPECT_EQ(code_of(claims().renew(job.id, held.attempt, lease, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, outcomes, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().release(job.id, held.attempt, now(), true, now())), ErrorCode::fenced);
    EXPECT_EQ(find(job.id), cancelled);
    EXPECT_EQ(state_of(outcomes[0].content->blob), BlobState::writing) << "the sweeper's";

    // And when it is tried again, no more than before.
    SAFELIGHT_ASSERT_OK(retry(job.id));
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, outcomes, now())), ErrorCode::fenced);
    const Claim next = claim(job.id);
    EXPECT_EQ(next.pending.size(), 2U);
    EXPECT_EQ(next.tries, 1U);
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, outcomes, now())), ErrorCode::fenced);
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, next.attempt, std::array{made("a"), made("b")}, now()));
    EXPECT_EQ(find(job.id).status, JobStatus::processed);
}

TEST_P(ControlConformance, WhatIsFinishedIsNotCancelled) {
    const Job bare = create({});
    const Job done = create({"a"});
    process(done.id, {"a"});
    const Job broken = create_failed();
    for (const JobId id : {bare.id, done.id, broken.id}) {
        const Job before = find(id);
        EXPECT_EQ(code_of(cancel(id)), ErrorCode::nothing_to_cancel);
        EXPECT_EQ(find(id), before);
    }
}

TEST_P(ControlConformance, SomebodyElsesJobIsNotThere) {
    const Job broken = create_failed();
    const Job waiting = create({"a"});
    const auto retried = control().retry(stranger_, broken.id, tries_max, now());
    const auto cancelled = control().cancel(stranger_, waiting.id, now());
    EXPECT_EQ(code_of(retried), ErrorCode::not_found);
    EXPECT_EQ(code_of(cancelled), ErrorCode::not_found);
    const auto missing = retry(ids_.next<JobId>());
    EXPECT_EQ(code_of(missing), ErrorCode::not_found);
    EXPECT_EQ(retried.error(), missing.error());
    EXPECT_EQ(find(broken.id), broken);
    EXPECT_EQ(find(waiting.id).status, JobStatus::processing);
}

}  // namespace
}  // namespace safelight
