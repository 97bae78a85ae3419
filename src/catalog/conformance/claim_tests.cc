// Claims: who holds a job, for how long, and what a late worker can no longer do.
#include <array>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {
namespace {

TEST_P(CatalogConformance, AHeldJobIsNotClaimedTwice) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    const auto second = claims().claim(job.id, lease, now());
    SAFELIGHT_ASSERT_OK(second);
    EXPECT_FALSE(second->has_value());
    advance(lease - Milliseconds{1});
    const auto third = claims().claim(job.id, lease, now());
    SAFELIGHT_ASSERT_OK(third);
    EXPECT_FALSE(third->has_value());
    EXPECT_TRUE(claimable().empty());

    advance(Milliseconds{1});
    EXPECT_EQ(claimable(), std::vector{job.id});
    const Claim fourth = claim(job.id);
    EXPECT_EQ(fourth.attempt, held.attempt + 1);
    EXPECT_EQ(fourth.tries, 2U);
}

TEST_P(CatalogConformance, RenewingKeepsTheClaim) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    for (int i = 0; i < 5; ++i) {
        advance(lease - Milliseconds{1});
        SAFELIGHT_ASSERT_OK(claims().renew(job.id, held.attempt, lease, now()));
        const auto other = claims().claim(job.id, lease, now());
        SAFELIGHT_ASSERT_OK(other);
        EXPECT_FALSE(other->has_value());
    }
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, held.attempt, std::array{made("a")}, now()));
}

TEST_P(CatalogConformance, AnExpiredLeaseThatNobodyTookIsStillGood) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    advance(lease * 2);
    SAFELIGHT_ASSERT_OK(claims().renew(job.id, held.attempt, lease, now()));
    advance(lease * 2);
    const auto completion = claims().complete(job.id, held.attempt, std::array{made("a")}, now());
    SAFELIGHT_ASSERT_OK(completion);
    EXPECT_EQ(completion->status, JobStatus::processed);
}

TEST_P(CatalogConformance, ALateWorkerIsFencedAndChangesNothing) {
    const Job job = create({"a", "b"});
    const Claim late = claim(job.id);
    const std::array late_outcomes{made("a"), failed("b")};
    advance(lease);
    const Claim current = claim(job.id);
    const Job before = find(job.id);

    EXPECT_EQ(code_of(claims().renew(job.id, late.attempt, lease, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().release(job.id, late.attempt, now(), true, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().complete(job.id, late.attempt, late_outcomes, now())), ErrorCode::fenced);
    EXPECT_EQ(find(job.id), before);
    EXPECT_EQ(state_of(late_outcomes[0].content->blob), BlobState::writing);
    EXPECT_TRUE(claimable().empty()) << "the current claim still stands";

    const std::array outcomes{made("a"), made("b")};
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, current.attempt, outcomes, now()));
    const Job done = find(job.id);
    EXPECT_EQ(done.status, JobStatus::processed);
    EXPECT_EQ(code_of(claims().complete(job.id, late.attempt, late_outcomes, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().renew(job.id, late.attempt, lease, now())), ErrorCode::fenced);
    EXPECT_EQ(find(job.id), done) << "a finished status is never overwritten";
}

TEST_P(CatalogConformance, AClaimIsGivenBackOnce) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, held.attempt, std::array{made("a")}, now()));
    const Job done = find(job.id);
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, std::array{failed("a")}, now())),
              ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().renew(job.id, held.attempt, lease, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().release(job.id, held.attempt, now(), true, now())), ErrorCode::fenced);
    EXPECT_EQ(find(job.id), done);

    const Job released = create({"a"});
    const Claim second = claim(released.id);
    SAFELIGHT_ASSERT_OK(claims().release(released.id, second.attempt, now(), true, now()));
    EXPECT_EQ(code_of(claims().release(released.id, second.attempt, now(), true, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().complete(released.id, second.attempt, std::array{made("a")}, now())),
              ErrorCode::fenced);
}

TEST_P(CatalogConformance, ReleaseCountsTheTryOrNot) {
    const Job job = create({"a"});
    Claim held = claim(job.id);
    SAFELIGHT_ASSERT_OK(claims().release(job.id, held.attempt, now(), true, now()));
    held = claim(job.id);
    EXPECT_EQ(held.attempt, 2U);
    EXPECT_EQ(held.tries, 2U);
    SAFELIGHT_ASSERT_OK(claims().release(job.id, held.attempt, now(), false, now()));
    held = claim(job.id);
    EXPECT_EQ(held.attempt, 3U) << "the fencing token rises all the same";
    EXPECT_EQ(held.tries, 2U);
    EXPECT_EQ(find(job.id).attempts, 3U);
}

TEST_P(CatalogConformance, ReleaseSaysWhenTheJobIsDue) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    SAFELIGHT_ASSERT_OK(claims().release(job.id, held.attempt, now() + Milliseconds{1'000}, true, now()));
    EXPECT_TRUE(claimable().empty());
    advance(Milliseconds{999});
    const auto early = claims().claim(job.id, lease, now());
    SAFELIGHT_ASSERT_OK(early);
    EXPECT_FALSE(early->has_value());
    EXPECT_EQ(backlog(), 1U) << "waiting is not finished";
    advance(Milliseconds{1});
    EXPECT_EQ(claimable(), std::vector{job.id});
    EXPECT_EQ(claim(job.id).tries, 2U);
}

TEST_P(CatalogConformance, AskingAgainResetsTriesAndDueTime) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    SAFELIGHT_ASSERT_OK(claims().release(job.id, held.attempt, now() + std::chrono::hours{1}, true, now()));
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::array{request("b")}, now()));
    EXPECT_EQ(claimable(), std::vector{job.id}) << "claimable at once";
    const Claim again = claim(job.id);
    EXPECT_EQ(again.tries, 1U);
    EXPECT_EQ(again.attempt, 2U);
    EXPECT_EQ(again.pending.size(), 2U);
}

TEST_P(CatalogConformance, AskingWhileClaimedLeavesMorePending) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    const auto added = catalog().add_variants(default_account(), job.id, std::array{request("b")}, now());
    SAFELIGHT_ASSERT_OK(added);
    EXPECT_EQ(added->status, JobStatus::processing);
    EXPECT_TRUE(claimable().empty()) << "still held";
    const auto completion = claims().complete(job.id, held.attempt, std::array{made("a")}, now());
    SAFELIGHT_ASSERT_OK(completion);
    EXPECT_EQ(completion->status, JobStatus::processing);
    EXPECT_TRUE(completion->more_pending);
    EXPECT_EQ(claimable(), std::vector{job.id});

    const Claim next = claim(job.id);
    ASSERT_EQ(next.pending.size(), 1U);
    EXPECT_EQ(next.pending[0].name, "b");
    EXPECT_EQ(next.tries, 1U);
    EXPECT_EQ(claims().complete(job.id, next.attempt, std::array{made("b")}, now())->status,
              JobStatus::processed);
}

TEST_P(CatalogConformance, UncountedReleaseAfterAskingNeverGoesBelowZero) {
    const Job job = create({"a"});
    const Claim held = claim(job.id);
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::array{request("b")}, now()));
    SAFELIGHT_ASSERT_OK(claims().release(job.id, held.attempt, now(), false, now()));
    EXPECT_EQ(claim(job.id).tries, 1U);
}

TEST_P(CatalogConformance, CompletingNothingDoesNotResetTries) {
    const Job job = create({"a"});
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, claim(job.id).attempt, {}, now()));
    const Claim held = claim(job.id);
    EXPECT_EQ(held.tries, 2U);
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::array{request("b")}, now()));
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, held.attempt, std::array{made("a")}, now()));
    EXPECT_EQ(claim(job.id).tries, 1U);
}

TEST_P(CatalogConformance, ClaimableIsOldestDueFirstAndBounded) {
    const Job first = create({"a"});
    advance(Milliseconds{10});
    const Job second = create({"a"});
    const Job finished = create({"a"});
    const Job idle = create({});
    advance(Milliseconds{10});
    const Job third = create({"a"});
    process(finished.id, {"a"});
    EXPECT_EQ(claimable(), (std::vector{first.id, second.id, third.id}));
    EXPECT_EQ(claimable(2), (std::vector{first.id, second.id}));
    EXPECT_TRUE(claimable(0).empty());
    EXPECT_EQ(backlog(), 3U);

    const Claim held = claim(first.id);
    EXPECT_EQ(claimable(), (std::vector{second.id, third.id}));
    SAFELIGHT_ASSERT_OK(claims().release(first.id, held.attempt, now() + Milliseconds{1}, true, now()));
    advance(Milliseconds{1});
    EXPECT_EQ(claimable(), (std::vector{second.id, third.id, first.id})) << "back at the end of the line";
}

TEST_P(CatalogConformance, AWorkNotDueYetIsNotClaimed) {
    Job job = draft({"a"});
    job.updated_at = now() + Milliseconds{50};
    SAFELIGHT_ASSERT_OK(catalog().create_job(job));
    EXPECT_TRUE(claimable().empty());
    advance(Milliseconds{50});
    EXPECT_EQ(claimable(), std::vector{job.id});
}

TEST_P(CatalogConformance, AnOutcomeForAVariantThatIsNotThereIsDropped) {
    const Job job = create({"a"});
    const VariantOutcome stray = made("never-asked-for");
    const std::array outcomes{made("a"), stray, failed("neither")};
    const auto completion = claims().complete(job.id, claim(job.id).attempt, outcomes, now());
    SAFELIGHT_ASSERT_OK(completion);
    EXPECT_EQ(completion->status, JobStatus::processed);
    EXPECT_EQ(state_of(stray.content->blob), BlobState::doomed);
    EXPECT_EQ(find(job.id).image.variants.size(), 1U);
}

TEST_P(CatalogConformance, AReplacedBlobIsDoomed) {
    const Job job = create({"a"});
    process(job.id, {"a"});
    const BlobKey old_blob = find(job.id).image.variants[0].content->blob;
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::array{request("b")}, now()));
    const std::array outcomes{made("a"), made("b")};
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, claim(job.id).attempt, outcomes, now()));
    EXPECT_EQ(find(job.id).image.variants[0].content, outcomes[0].content);
    EXPECT_EQ(state_of(old_blob), BlobState::doomed);
    EXPECT_EQ(state_of(outcomes[0].content->blob), BlobState::live);
}

TEST_P(CatalogConformance, AnOutcomeIsContentOrErrorAndNotBoth) {
    const Job job = create({"a", "b"});
    const Claim held = claim(job.id);
    const Job before = find(job.id);
    VariantOutcome both = made("b");
    both.error = VariantError{ErrorCode::internal, "no"};
    const VariantOutcome good = made("a");
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, std::array{good, both}, now())),
              ErrorCode::internal);
    const VariantOutcome neither{.name = "b", .content = {}, .error = {}};
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, std::array{good, neither}, now())),
              ErrorCode::internal);
    EXPECT_EQ(find(job.id), before) << "all or nothing";
    EXPECT_EQ(state_of(good.content->blob), BlobState::writing);
}

}  // namespace
}  // namespace safelight
