// What is done to many jobs at once: which jobs, each once, whoever dies in the middle.
#include <algorithm>
#include <vector>

#include "catalog/conformance/bulk_suite.h"

namespace safelight {
namespace {

const JobFilter failed_ones{.status = JobStatus::failed};

TEST_P(BulkConformance, IsKeptAsItWasAskedFor) {
    const BulkOperation wanted = ask(BulkKind::remove, {.status = JobStatus::processed,
                                                        .created_after = now() - Milliseconds{1'000},
                                                        .created_before = now()});
    EXPECT_EQ(look_up(wanted), wanted);
    const BulkOperation all = ask(BulkKind::retry, {});
    EXPECT_EQ(look_up(all), all);
    EXPECT_EQ(code_of(bulk().find(stranger_, all.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(bulk().find(default_account(), ids_.next<BulkOperationId>())), ErrorCode::not_found);
}

TEST_P(BulkConformance, WhatFailedIsPendingAgainPageByPage) {
    std::vector<JobId> failed_jobs;
    for (int i = 0; i < 5; ++i) failed_jobs.push_back(create_failed().id);
    const Job waiting = create({"a"});
    const Job theirs = create_failed(stranger_);
    const BulkOperation operation = ask(BulkKind::retry, failed_ones);
    const auto claim = take();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->operation, operation);

    std::vector<JobId> done;
    for (const std::size_t expected : {2U, 2U, 1U}) {
        const BulkStep page = step(*claim, 2);
        EXPECT_EQ(page.jobs.size(), expected);
        EXPECT_EQ(page.finished, expected == 1);
        done.insert(done.end(), page.jobs.begin(), page.jobs.end());
        EXPECT_EQ(look_up(operation).jobs_done, done.size());
    }
    EXPECT_EQ(done, failed_jobs) << "oldest first, each once";
    for (const JobId id : done) EXPECT_EQ(find(id).status, JobStatus::processing);
    EXPECT_EQ(find(waiting.id), waiting);
    EXPECT_EQ(find(theirs.id, stranger_), theirs);
    EXPECT_EQ(look_up(operation).finished_at, now());
    EXPECT_FALSE(take()) << "it is finished";
    EXPECT_EQ(code_of(bulk().advance(operation.id, claim->attempt, 2, tries_max, lease, now())),
              ErrorCode::fenced);
}

TEST_P(BulkConformance, WhatIsDeletedLeavesNothingBehind) {
    const Job failed_job = create_failed();
    const Job made_job = create({"a", "b"});
    process(made_job.id, {"a"}, {"b"});
    const Job good = create({"a"});
    process(good.id, {"a"});
    const Job made_before = find(made_job.id);
    const BulkOperation operation = ask(BulkKind::remove, failed_ones);
    const BulkStep page = step(take().value());
    EXPECT_TRUE(page.finished);
    EXPECT_EQ(page.jobs, (std::vector{failed_job.id, made_job.id}));
    EXPECT_EQ(page.doomed.size(), 3U);
    EXPECT_EQ(state_of(failed_job.image.blob), BlobState::doomed);
    EXPECT_EQ(state_of(made_before.image.variants[0].content->blob), BlobState::doomed);
    EXPECT_FALSE(is_there(failed_job.id));
    EXPECT_FALSE(is_there(made_job.id));
    EXPECT_TRUE(is_there(good.id));
    EXPECT_EQ(look_up(operation).jobs_done, 2U);
}

TEST_P(BulkConformance, TimesBoundIt) {
    const Job oldest = create_failed();
    advance(Milliseconds{1'000});
    const Job middle = create_failed();
    const Timestamp after_middle = now();
    advance(Milliseconds{1'000});
    const Job newest = create_failed();
    ask(BulkKind::remove, {.created_after = oldest.created_at, .created_before = after_middle});
    EXPECT_EQ(step(take().value()).jobs, std::vector{middle.id});
    EXPECT_TRUE(is_there(oldest.id));
    EXPECT_TRUE(is_there(newest.id));
}

TEST_P(BulkConformance, WhatIsUploadedAfterwardsIsLeftAlone) {
    const Job before = create_failed();
    ask(BulkKind::remove, failed_ones);
    const Job after = create_failed();
    EXPECT_EQ(step(take().value()).jobs, std::vector{before.id});
    EXPECT_TRUE(is_there(after.id));
}

TEST_P(BulkConformance, WhatChangedMeanwhileIsSkipped) {
    const Job job = create_failed();
    const Job stuck = create({"a"});
    (void)claim(stuck.id);
    const Job held = create({"a"});
    advance(lease);
    (void)claim(held.id);
    ask(BulkKind::remove, failed_ones);
    const auto deletion = take().value();
    SAFELIGHT_ASSERT_OK(under_test().database().control().retry(default_account(), job.id, tries_max, now()));
    EXPECT_TRUE(step(deletion).jobs.empty());
    EXPECT_TRUE(is_there(job.id));

    const BulkOperation retry = ask(BulkKind::retry, {.status = JobStatus::processing});
    EXPECT_EQ(step(take().value()).jobs, std::vector{stuck.id}) << "the others wait, or are worked on";
    EXPECT_EQ(look_up(retry).jobs_done, 1U);
    EXPECT_EQ(look_up(retry).jobs_skipped, 2U);
}

TEST_P(BulkConformance, WhoeverDiesIsFollowedByAnotherWhoRepeatsNothing) {
    for (int i = 0; i < 3; ++i) (void)create_failed();
    const BulkOperation operation = ask(BulkKind::retry, failed_ones);
    const BulkClaim dead = take().value();
    const BulkStep first = step(dead, 1);
    EXPECT_FALSE(take()) << "it is held";
    advance(lease);
    const BulkClaim next = take().value();
    EXPECT_GT(next.attempt, dead.attempt);
    EXPECT_EQ(next.operation.jobs_done, 1U);
    EXPECT_EQ(code_of(bulk().advance(operation.id, dead.attempt, 1, tries_max, lease, now())),
              ErrorCode::fenced);
    EXPECT_EQ(code_of(bulk().release(operation.id, dead.attempt, now())), ErrorCode::fenced);
    const BulkStep rest = step(next);
    EXPECT_EQ(rest.jobs.size(), 2U);
    EXPECT_EQ(std::ranges::find(rest.jobs, first.jobs.at(0)), rest.jobs.end());
    EXPECT_EQ(look_up(operation).jobs_done, 3U);
}

TEST_P(BulkConformance, EachStepProlongsTheLease) {
    for (int i = 0; i < 3; ++i) (void)create_failed();
    ask(BulkKind::retry, failed_ones);
    const BulkClaim claim = take().value();
    for (int i = 0; i < 3; ++i) {
        advance(lease - Milliseconds{1});
        EXPECT_FALSE(take());
        (void)step(claim, 1);
    }
}

TEST_P(BulkConformance, WhatIsGivenBackIsTakenWhenItIsDueOldestFirst) {
    const BulkOperation first = ask(BulkKind::retry, failed_ones);
    advance(Milliseconds{1});
    const BulkOperation second = ask(BulkKind::retry, failed_ones);
    const BulkClaim claim = take().value();
    EXPECT_EQ(claim.operation.id, first.id);
    SAFELIGHT_ASSERT_OK(bulk().release(first.id, claim.attempt, now() + Milliseconds{10}));
    EXPECT_EQ(take().value().operation.id, second.id);
    EXPECT_FALSE(take());
    advance(Milliseconds{10});
    EXPECT_EQ(take().value().operation.id, first.id);
}

TEST_P(BulkConformance, AnAccountHasSoManyUnderWay) {
    for (std::uint32_t i = 0; i < bulk_operations_per_account_max; ++i) ask(BulkKind::retry, failed_ones);
    const BulkOperation extra = draft_operation(BulkKind::retry, failed_ones);
    EXPECT_EQ(code_of(bulk().create(extra)), ErrorCode::overloaded);
    ask(BulkKind::retry, failed_ones, stranger_);
    EXPECT_TRUE(step(take().value()).finished);
    SAFELIGHT_ASSERT_OK(bulk().create(extra));
}

TEST_P(BulkConformance, FinishedOnesAreForgottenInTime) {
    const BulkOperation operation = ask(BulkKind::retry, failed_ones);
    SAFELIGHT_ASSERT_OK(bulk().forget(now()));
    (void)step(take().value());
    const BulkOperation unfinished = ask(BulkKind::retry, failed_ones);
    SAFELIGHT_ASSERT_OK(bulk().forget(now() - Milliseconds{1}));
    EXPECT_TRUE(look_up(operation).finished_at);
    SAFELIGHT_ASSERT_OK(bulk().forget(now()));
    EXPECT_EQ(code_of(bulk().find(default_account(), operation.id)), ErrorCode::not_found);
    EXPECT_FALSE(look_up(unfinished).finished_at);
}

}  // namespace
}  // namespace safelight
