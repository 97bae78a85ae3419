// Images that are deleted when they are too old: which, by whose rules, and that nothing is left; and clocks
// that were wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <thread>

#include "catalog/conformance/retention_suite.h"

namespace safelight {
namespace {

constexpr Milliseconds one_day{std::chrono::days(1)};
const RetentionLook thirty_days{.defaults = {.delete_images_after = 30 * one_day}};

TEST_P(RetentionConformance, NothingGoesWithoutARule) {
    const Job job = create_ready();
    advance(4'000 * day);
    const auto step = retention().step({}, now());
    SAFELIGHT_ASSERT_OK(step);
    EXPECT_FALSE(*step) << "no account is due";
    EXPECT_EQ(find(job.id).status, JobStatus::processed);
    EXPECT_EQ(retention().find_rules(default_account()).value(), OwnRetention{});
    EXPECT_EQ(retention().find_rules(stranger_).value(), OwnRetention{}) << "no account at all";
    EXPECT_FALSE(retention().has_own_expiry().value());
}

TEST_P(RetentionConformance, RulesAreKeptWithTheAccount) {
    const AccountId account = new_account("shop", {.delete_images_after_days = 30});
    EXPECT_EQ(retention().find_rules(account).value(), OwnRetention{.delete_images_after_days = 30});
    EXPECT_EQ(accounts().find_account(account).value()->retention,
              OwnRetention{.delete_images_after_days = 30});
    const OwnRetention changed{.delete_images_after_days = 0, .expire_variants_after_days = 7};
    set_rules(changed, account);
    EXPECT_EQ(retention().find_rules(account).value(), changed);
    EXPECT_TRUE(retention().has_own_expiry().value());
    set_rules({}, account);
    EXPECT_EQ(retention().find_rules(account).value(), OwnRetention{});
    EXPECT_FALSE(retention().has_own_expiry().value());
}

TEST_P(RetentionConformance, AnImageGoesWithAllThatItHas) {
    const Job old = create_ready({"a", "b"});
    const Job unmade = create({"a"});
    const Job bare = create({});
    advance(29 * day);
    const Job young = create_ready();
    EXPECT_TRUE(run(thirty_days).deleted.empty());
    advance(day + Milliseconds{10});
    const RetentionStep step = run(thirty_days);
    EXPECT_EQ(step.deleted, (std::vector{old.id, unmade.id, bare.id}));
    EXPECT_EQ(step.doomed.size(), 5U);
    for (const BlobKey key : step.doomed) EXPECT_EQ(state_of(key), BlobState::doomed);
    EXPECT_EQ(code_of(catalog().find_job(default_account(), old.id)), ErrorCode::not_found);
    EXPECT_EQ(find(young.id).status, JobStatus::processed);
    EXPECT_EQ(backlog(), 0U);
    EXPECT_EQ(under_test().database().upload_quotas().usage(default_account(), now())->images, 1U);
}

TEST_P(RetentionConformance, AJobInHandIsDeletedAndItsWorkerIsFenced) {
    const Job job = create({"a"});
    advance(31 * day);
    const Claim held = claim(job.id);
    EXPECT_EQ(run(thirty_days).deleted, std::vector{job.id});
    const std::array outcomes{made("a")};
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, outcomes, now())), ErrorCode::fenced);
}

TEST_P(RetentionConformance, AnAccountsOwnRuleComesBeforeTheDefault) {
    const AccountId keeps = new_account("keeps", {.delete_images_after_days = 0});
    const AccountId hasty = new_account("hasty", {.delete_images_after_days = 2});
    const Job kept = create_ready({"a"}, keeps);
    const Job gone = create_ready({"a"}, hasty);
    const Job usual = create_ready();
    advance(3 * day);
    EXPECT_EQ(run(thirty_days).deleted, std::vector{gone.id});
    advance(30 * day);
    EXPECT_EQ(run(thirty_days).deleted, std::vector{usual.id});
    EXPECT_EQ(find(kept.id, keeps).status, JobStatus::processed);
}

TEST_P(RetentionConformance, WithoutADefaultOnlyAccountsWithRulesAreLookedAt) {
    const AccountId hasty = new_account("hasty", {.delete_images_after_days = 2});
    const Job gone = create_ready({"a"}, hasty);
    const Job kept = create_ready();
    advance(400 * day);
    EXPECT_EQ(run().deleted, std::vector{gone.id});
    EXPECT_EQ(find(kept.id).status, JobStatus::processed);
}

TEST_P(RetentionConformance, StepsAreBoundedAndOldestFirst) {
    RetentionLook look = thirty_days;
    look.images_max = 2;
    std::vector<JobId> jobs;
    for (int i = 0; i < 5; ++i) jobs.push_back(create_ready().id);
    advance(31 * day);
    std::vector<JobId> deleted;
    for (const std::size_t expected : {2U, 2U, 1U}) {
        const auto step = retention().step(look, now());
        SAFELIGHT_ASSERT_OK(step);
        ASSERT_TRUE(*step);
        EXPECT_EQ((*step)->deleted.size(), expected);
        deleted.insert(deleted.end(), (*step)->deleted.begin(), (*step)->deleted.end());
    }
    EXPECT_EQ(deleted, jobs);
    EXPECT_FALSE(retention().step(look, now()).value()) << "the account is left alone for a while";
    advance(pause_between_looks(look.defaults, look.pause_min));
    EXPECT_TRUE(retention().step(look, now()).value());
}

TEST_P(RetentionConformance, ALongQueueOfOneAccountDoesNotHoldUpAnother) {
    RetentionLook look = thirty_days;
    look.images_max = 1;
    const AccountId other = new_account("other");
    for (int i = 0; i < 3; ++i) (void)create_ready();
    const Job single = create_ready({"a"}, other);
    advance(31 * day);
    std::vector<JobId> deleted;
    for (int i = 0; i < 2; ++i) {
        const auto step = retention().step(look, now());
        SAFELIGHT_ASSERT_OK(step);
        ASSERT_TRUE(*step);
        deleted.insert(deleted.end(), (*step)->deleted.begin(), (*step)->deleted.end());
    }
    EXPECT_NE(std::ranges::find(deleted, single.id), deleted.end());
}

TEST_P(RetentionConformance, AChangedRuleIsFollowedAtOnce) {
    const Job job = create_ready();
    advance(20 * day);
    EXPECT_TRUE(run(thirty_days).deleted.empty());
    set_rules({.delete_images_after_days = 10});
    EXPECT_EQ(run(thirty_days).deleted, std::vector{job.id}) << "though the last look was just now";
}

TEST_P(RetentionConformance, AnAgeBeyondAllTimeTakesNothing) {
    const Job job = create_ready();
    set_rules({.delete_images_after_days = retention_days_max});
    EXPECT_TRUE(run().deleted.empty());
    EXPECT_EQ(find(job.id).status, JobStatus::processed);
}

TEST_P(RetentionConformance, AClockThatWasAheadHoldsNothingUp) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    const Job job = create_ready();
    while (retention().step({}, now() + 400 * day).value()) continue;
    EXPECT_EQ(variant(job).status, VariantStatus::ready) << "nobody had looked for long, by that clock";
    EXPECT_EQ(live(2 * day).expired_variants, 0U);
    EXPECT_EQ(live(2 * day).expired_variants, 1U);
}

TEST_P(RetentionConformance, ARuleOfTheFutureIsLookedAtByWhoIsRight) {
    set_rules({.delete_images_after_days = 2});
    while (retention().step({}, now() + 400 * day).value()) continue;
    const Job job = create_ready();
    advance(3 * day);
    EXPECT_EQ(run().deleted, std::vector{job.id});
}

TEST_P(RetentionConformance, AReadOfTheFutureIsCorrected) {
    const Job job = create_ready();
    advance(2 * day);
    const std::array ahead{VariantRead{job.owner, job.image.id, "a", now() + 400 * day}};
    SAFELIGHT_ASSERT_OK(retention().note_reads(ahead, 10 * day));
    EXPECT_EQ(variant(job).read_at, now() + 400 * day);
    note_read(job, 10 * day);
    EXPECT_EQ(variant(job).read_at, now());
}

TEST_P(RetentionConformance, SeveralAtOnceDoNothingTwice) {
    constexpr int accounts_count = 4;
    constexpr int images_of_each = 6;
    std::vector<JobId> jobs;
    for (int i = 0; i < accounts_count; ++i) {
        const AccountId account = new_account("account " + std::to_string(i));
        for (int j = 0; j < images_of_each; ++j) jobs.push_back(create_ready({"a"}, account).id);
    }
    advance(31 * day);
    RetentionLook look = thirty_days;
    look.images_max = 2;
    const auto other = under_test().open_another();
    std::array<RetentionStep, 4> done;
    {
        std::latch start(done.size());
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < done.size(); ++i) {
            threads.emplace_back([&, i] {
                start.arrive_and_wait();
                done[i] = run_with(i % 2 == 0 ? retention() : other->retention(), look);
            });
        }
    }
    // Whoever found the last account taken by somebody else has ended before it was done.
    RetentionStep rest = run(look);
    std::vector<JobId> deleted = rest.deleted;
    for (const RetentionStep& step : done)
        deleted.insert(deleted.end(), step.deleted.begin(), step.deleted.end());
    std::ranges::sort(deleted);
    std::ranges::sort(jobs);
    EXPECT_EQ(deleted, jobs) << "each once";
}

}  // namespace
}  // namespace safelight
