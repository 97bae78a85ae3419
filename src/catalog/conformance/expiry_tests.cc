// Variants that lose their bytes because nobody reads them, and get them again.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <ranges>
#include <thread>
#include <vector>

#include "catalog/conformance/retention_suite.h"

namespace safelight {
namespace {

constexpr Milliseconds one_day{std::chrono::days(1)};

TEST_P(RetentionConformance, AVariantThatNobodyReadsLosesItsBytesAndNothingElse) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    const Job job = create_ready({"a", "b"});
    const std::uint64_t original = job.image.size_bytes;
    EXPECT_EQ(live(2 * day).expired_variants, 0U) << "reads are noted to half a day";
    EXPECT_EQ(live(day).expired_variants, 2U);

    const Job after = find(job.id);
    EXPECT_EQ(after.status, JobStatus::processed);
    EXPECT_EQ(after.finished_at, job.finished_at);
    EXPECT_GT(after.updated_at, job.updated_at);
    for (std::size_t i = 0; i < 2; ++i) {
        const Variant& variant = after.image.variants[i];
        EXPECT_EQ(variant.status, VariantStatus::expired);
        EXPECT_EQ(variant.name, job.image.variants[i].name);
        EXPECT_EQ(variant.transform, job.image.variants[i].transform);
        EXPECT_FALSE(variant.content);
        EXPECT_FALSE(variant.error);
        EXPECT_EQ(state_of(job.image.variants[i].content->blob), BlobState::doomed);
    }
    EXPECT_EQ(state_of(job.image.blob), BlobState::live);
    EXPECT_EQ(under_test().database().upload_quotas().usage(default_account(), now())->stored_bytes,
              original);
    EXPECT_EQ(backlog(), 0U);
    EXPECT_TRUE(claimable().empty());
    EXPECT_FALSE(claims().claim(job.id, lease, now()).value());
}

TEST_P(RetentionConformance, AReadKeepsAVariantAlive) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    const Job job = create_ready({"a", "b"});
    (void)live(2 * day);
    note_read(job, 2 * day);
    EXPECT_EQ(variant(job).read_at, now());
    EXPECT_EQ(live(day).expired_variants, 1U);
    EXPECT_EQ(variant(job, "a").status, VariantStatus::ready);
    EXPECT_EQ(variant(job, "b").status, VariantStatus::expired);
    EXPECT_EQ(live(3 * day).expired_variants, 1U) << "not for ever";
}

TEST_P(RetentionConformance, AVariantWithAWatermarkStays) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    Job wanted = draft({"marked", "plain"});
    wanted.image.variants[0].transform =
        parse_transform(R"({"watermark": {"image": "01934b7e-5f00-7abc-8def-0123456789ab"}})").value();
    const Job job = catalog().create_job(wanted).value();
    process(job.id, {"marked", "plain"});
    EXPECT_EQ(live(30 * day).expired_variants, 1U);
    EXPECT_EQ(variant(job, "marked").status, VariantStatus::ready) << "the mark may be deleted meanwhile";
    EXPECT_EQ(variant(job, "plain").status, VariantStatus::expired);
}

TEST_P(RetentionConformance, ReadsAreNotedCoarsely) {
    const Job job = create_ready();
    const Milliseconds life = 10 * day;
    note_read(job, life);
    EXPECT_FALSE(variant(job).read_at) << "it was made today";
    advance(day);
    note_read(job, life);
    const auto noted = variant(job).read_at;
    EXPECT_EQ(noted, now());
    advance(day / 2);
    note_read(job, life);
    EXPECT_EQ(variant(job).read_at, noted);
    advance(day / 2);
    note_read(job, life);
    EXPECT_EQ(variant(job).read_at, now());
    SAFELIGHT_ASSERT_OK(
        retention().note_reads(std::array{VariantRead{job.owner, job.image.id, "no such", now()}}, life));
}

TEST_P(RetentionConformance, WhatWasReadBeforeARuleIsNotKnownSoItLastsAsLongAgain) {
    const Job job = create_ready();
    advance(100 * day);
    set_rules({.expire_variants_after_days = 4});
    EXPECT_EQ(run().expired_variants, 0U) << "somebody may have read it yesterday";
    EXPECT_EQ(live(4 * day).expired_variants, 0U);
    set_rules({.delete_images_after_days = 0, .expire_variants_after_days = 4});
    EXPECT_EQ(live(2 * day).expired_variants, 1U) << "another change of rules does not begin anew";
}

TEST_P(RetentionConformance, ARuleThatWasTakenAwayBeginsAnew) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    const Job job = create_ready();
    set_rules({});
    advance(100 * day);
    set_rules({.expire_variants_after_days = 2});
    EXPECT_EQ(run().expired_variants, 0U);
    EXPECT_EQ(live(3 * day).expired_variants, 1U);
}

TEST_P(RetentionConformance, AShorterRuleBeginsAnewAndALongerOneDoesNot) {
    set_rules({.expire_variants_after_days = 8});
    begin_noting();
    const Job job = create_ready();
    EXPECT_EQ(live(4 * day).expired_variants, 0U);
    set_rules({.expire_variants_after_days = 2});
    EXPECT_EQ(run().expired_variants, 0U) << "reads were noted to a day";
    EXPECT_EQ(live(2 * day).expired_variants, 0U);
    set_rules({.expire_variants_after_days = 3});
    EXPECT_EQ(live(2 * day).expired_variants, 1U);
}

TEST_P(RetentionConformance, ADefaultThatNobodyFollowedForLongBeginsAnew) {
    const RetentionLook look{.defaults = {.expire_variants_after = 2 * one_day}};
    begin_noting(look);
    const Job job = create_ready();
    advance(100 * day);
    EXPECT_EQ(run(look).expired_variants, 0U) << "nobody noted what was read";
    EXPECT_EQ(live(2 * day, look).expired_variants, 0U);
    EXPECT_EQ(live(day, look).expired_variants, 1U);
}

TEST_P(RetentionConformance, ADayWithoutLooksBeginsAnewHoweverLongTheRule) {
    const RetentionLook look{.defaults = {.expire_variants_after = 10 * one_day}};
    begin_noting(look);
    const Job job = create_ready();
    EXPECT_EQ(live(9 * day, look).expired_variants, 0U);
    advance(3 * day);
    EXPECT_EQ(run(look).expired_variants, 0U) << "it may have been read meanwhile";
    EXPECT_EQ(live(10 * day, look).expired_variants, 0U);
    EXPECT_EQ(live(2 * day, look).expired_variants, 1U);
}

TEST_P(RetentionConformance, StepsGoThroughAllImagesOnce) {
    RetentionLook look{.images_max = 2, .looked_at_max = 3};
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    std::vector<Job> jobs;
    for (int i = 0; i < 8; ++i) jobs.push_back(i % 4 == 3 ? create({"a"}) : create_ready());
    (void)live(2 * day);
    advance(day);
    std::uint64_t expired = 0;
    int steps = 0;
    while (const auto step = retention().step(look, now()).value()) {
        EXPECT_LE(step->expired_variants, 2U);
        expired += step->expired_variants;
        ASSERT_LT(++steps, 20);
    }
    EXPECT_EQ(expired, 6U);
    EXPECT_GT(steps, 3);
    EXPECT_EQ(variant(jobs[3]).status, VariantStatus::pending) << "it was never made";
}

TEST_P(RetentionConformance, AskingMakesItPendingOnceAndForWhoWaits) {
    const Job job = create_expired({"a", "b"});
    const auto asked = ask_again(job);
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->is_asked_for_now);
    EXPECT_EQ(asked->job, (WaitingJob{job.id, Lane::interactive}));
    const auto second = ask_again(job);
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->is_asked_for_now);
    EXPECT_EQ(second->job.id, job.id);

    EXPECT_EQ(find(job.id).status, JobStatus::processing);
    EXPECT_EQ(variant(job, "a").status, VariantStatus::pending);
    EXPECT_EQ(variant(job, "b").status, VariantStatus::expired);
    EXPECT_EQ(claimable(), std::vector{job.id});
    EXPECT_EQ(backlog(), 1U);
    const Claim held = claim(job.id);
    EXPECT_EQ(held.tries, 1U);
    ASSERT_EQ(held.pending.size(), 1U);
    EXPECT_EQ(held.pending.front().name, "a");
    const std::array outcomes{made("a")};
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, held.attempt, outcomes, now()));
    EXPECT_EQ(find(job.id).status, JobStatus::processed);
    EXPECT_EQ(variant(job, "a").status, VariantStatus::ready);
    EXPECT_FALSE(ask_again(job)) << "it is there";
}

TEST_P(RetentionConformance, OnlyWhatHasExpiredIsAskedForAgain) {
    const Job fresh = create({"a"});
    EXPECT_FALSE(ask_again(fresh)) << "it was never made";
    process(fresh.id, {}, {"a"});
    EXPECT_FALSE(ask_again(fresh)) << "it has failed";
    const auto ask = [&](AccountId owner, ImageId image, const std::string& name) {
        return code_of(retention().ask_again(owner, image, name, now()));
    };
    EXPECT_EQ(ask(fresh.owner, fresh.image.id, "z"), ErrorCode::not_found);
    EXPECT_EQ(ask(stranger_, fresh.image.id, "a"), ErrorCode::not_found);
    EXPECT_EQ(ask(fresh.owner, ids_.next<ImageId>(), "a"), ErrorCode::not_found);
}

TEST_P(RetentionConformance, ManyAskOnce) {
    const Job job = create_expired();
    const auto other = under_test().open_another();
    std::atomic<int> asked = 0;
    {
        std::latch start(8);
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                start.arrive_and_wait();
                Retention& its = i % 2 == 0 ? retention() : other->retention();
                const auto remaking = its.ask_again(job.owner, job.image.id, "a", now());
                ASSERT_TRUE(remaking && *remaking);
                if ((*remaking)->is_asked_for_now) ++asked;
            });
        }
    }
    EXPECT_EQ(asked, 1);
}

TEST_P(RetentionConformance, AskingForVariantsByNameAsksForThoseThatHaveExpired) {
    const Job job = create_expired({"a", "b"});
    const std::array wanted{request("a"), request("c")};
    const auto asked = catalog().add_variants(job.owner, job.id, wanted, now());
    SAFELIGHT_ASSERT_OK(asked);
    EXPECT_EQ(asked->status, JobStatus::processing);
    EXPECT_EQ(claim(job.id).pending.size(), 2U);
    EXPECT_EQ(variant(job, "b").status, VariantStatus::expired);
    EXPECT_EQ(find(job.id).priority, Priority::normal) << "nobody waits";
}

TEST_P(RetentionConformance, WhatHasExpiredIsNeitherCalledOffNorTriedAgain) {
    const Job job = create_expired({"a", "b"});
    JobControl& control = under_test().database().control();
    EXPECT_EQ(code_of(control.cancel(job.owner, job.id, now())), ErrorCode::nothing_to_cancel);
    EXPECT_EQ(code_of(control.retry(job.owner, job.id, 3, now())), ErrorCode::nothing_to_retry);
    (void)ask_again(job);
    SAFELIGHT_ASSERT_OK(control.cancel(job.owner, job.id, now()));
    EXPECT_EQ(variant(job, "a").status, VariantStatus::failed);
    EXPECT_EQ(variant(job, "b").status, VariantStatus::expired);
    EXPECT_EQ(find(job.id).status, JobStatus::failed);
    SAFELIGHT_ASSERT_OK(control.retry(job.owner, job.id, 3, now()));
    process(job.id, {"a"});
    EXPECT_EQ(find(job.id).status, JobStatus::processed);
}

TEST_P(RetentionConformance, WhatIsToBeMadeAgainStaysUntilThatIsDone) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    const Job job = create_ready();
    SAFELIGHT_ASSERT_OK(rerenders().request(std::array{job.image.id}, "a", transform(50), false, now()));
    EXPECT_EQ(live(3 * day).expired_variants, 0U);
    const auto taken = rerenders().claim(lease, now()).value().claim;
    ASSERT_TRUE(taken);
    SAFELIGHT_ASSERT_OK(
        rerenders().complete({taken->image.id, taken->name, taken->token}, *made("a").content, now()));
    EXPECT_EQ(variant(job).transform, transform(50));
    EXPECT_EQ(live(3 * day).expired_variants, 1U);
    EXPECT_EQ(variant(job).transform, transform(50));
}

TEST_P(RetentionConformance, AChangedPresetChangesWhatHasExpired) {
    const Job job = create_expired();
    const auto survey = rerenders().survey("a", transform(50), std::nullopt, 100);
    SAFELIGHT_ASSERT_OK(survey);
    EXPECT_EQ(survey->unmade, std::vector{job.image.id});
    EXPECT_EQ(rerenders().request(std::array{job.image.id}, "a", transform(50), false, now()).value(), 0U);
    SAFELIGHT_ASSERT_OK(
        rerenders().change_unmade(std::array{job.image.id}, "a", transform(50), false, now()));
    EXPECT_EQ(variant(job).status, VariantStatus::expired) << "nobody has asked for it";
    EXPECT_EQ(find(job.id).status, JobStatus::processed);
    (void)ask_again(job);
    EXPECT_EQ(claim(job.id).pending.front().transform, transform(50));
}

TEST_P(RetentionConformance, AFocalPointThatMovesLeavesWhatHasExpired) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    Job wanted = draft({"a", "b"});
    wanted.image.variants[0].transform =
        parse_transform(R"({"resize": {"width": 20, "height": 20, "fit": "cover", "gravity": "focal"}})")
            .value();
    const Job job = catalog().create_job(wanted).value();
    process(job.id, {"a", "b"});
    ASSERT_EQ(live(3 * day).expired_variants, 2U);
    ASSERT_TRUE(ask_again(job, "b"));
    const Claim held = claim(job.id);
    SAFELIGHT_ASSERT_OK(catalog().set_focal_point(job.owner, job.image.id, FocalPoint{0.1, 0.2}, now()));
    EXPECT_EQ(rerenders().backlog().value(), 0U);
    EXPECT_EQ(variant(job, "a").status, VariantStatus::expired);
    const std::array outcomes{made("b")};
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, held.attempt, outcomes, now()));  // still its own
}

TEST_P(RetentionConformance, WhatHasExpiredGoesWithItsImage) {
    const Job job = create_expired();
    const auto deleted = catalog().delete_image(job.owner, job.image.id, now());
    SAFELIGHT_ASSERT_OK(deleted);
    EXPECT_EQ(deleted->blobs, std::vector{job.image.blob});
}

TEST_P(RetentionConformance, AFailedSiblingKeepsTheJobFailed) {
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    const Job job = create({"a", "b"});
    process(job.id, {"a"}, {"b"});
    EXPECT_EQ(live(3 * day).expired_variants, 1U);
    EXPECT_EQ(find(job.id).status, JobStatus::failed);
    (void)ask_again(job);
    EXPECT_EQ(find(job.id).status, JobStatus::processing);
    process(job.id, {"a"});
    EXPECT_EQ(find(job.id).status, JobStatus::failed);
}

/// Whoever comes in between: no variant is lost, no blob is live without a variant, no job waits for nobody.
TEST_P(RetentionConformance, IsExactBesideReadersRerendersAndDeletions) {
    constexpr int count = 12;
    set_rules({.expire_variants_after_days = 2});
    begin_noting();
    std::vector<Job> jobs;
    for (int i = 0; i < count; ++i) jobs.push_back(create_ready({"a", "b"}));
    (void)live(2 * day);
    advance(day);
    const auto other = under_test().open_another();
    // Changes what is noted, and leaves it overdue.
    const Timestamp read_at = now() - 2 * day - read_grain(2 * day);
    std::uint64_t expired = 0;
    {
        std::latch start(5);
        const auto together = [&start](auto work) {
            return std::jthread([&start, work] {
                start.arrive_and_wait();
                work();
            });
        };
        const std::jthread expiring = together([&] { expired = run({.images_max = 3}).expired_variants; });
        const std::jthread reading = together([&] {
            // From the last to the first: the catalog has to bring them into its order.
            std::vector<VariantRead> reads;
            for (const Job& job : std::views::reverse(jobs))
                for (const char* name : {"b", "a"}) reads.push_back({job.owner, job.image.id, name, read_at});
            EXPECT_TRUE(other->retention().note_reads(reads, 2 * day));
        });
        const std::jthread asking = together([&] {
            for (const Job& job : jobs)
                (void)other->retention().ask_again(job.owner, job.image.id, "a", now());
        });
        const std::jthread rerendering = together([&] {
            for (const Job& job : jobs) {
                EXPECT_TRUE(
                    other->rerenders().request(std::array{job.image.id}, "b", transform(50), false, now()));
            }
        });
        const std::jthread deleting = together([&] {
            for (int i = 0; i < count; i += 4)
                EXPECT_TRUE(other->catalog().delete_image(default_account(), jobs[i].image.id, now()));
        });
    }
    EXPECT_GE(expired, static_cast<std::uint64_t>(count - count / 4)) << "each a that was not deleted";
    std::vector<BlobKey> referred;
    for (int i = 0; i < count; ++i) {
        if (i % 4 == 0) {
            EXPECT_EQ(code_of(catalog().find_job(default_account(), jobs[i].id)), ErrorCode::not_found);
            continue;
        }
        const Job job = find(jobs[i].id);
        referred.push_back(job.image.blob);
        bool any_pending = false;
        for (const Variant& variant : job.image.variants) {
            any_pending = any_pending || variant.status == VariantStatus::pending;
            EXPECT_EQ(variant.content.has_value(), variant.status == VariantStatus::ready);
            if (variant.content) referred.push_back(variant.content->blob);
        }
        EXPECT_EQ(job.status, any_pending ? JobStatus::processing : JobStatus::processed);
    }
    for (const LedgerEntry& entry : ledger().entries(std::nullopt, 1'000).value()) {
        const bool is_referred = std::ranges::find(referred, entry.key) != referred.end();
        EXPECT_EQ(entry.state == BlobState::live, is_referred) << entry.key.to_string();
    }
    // Only what is ready is to be made again.
    const auto survey = rerenders().survey("b", transform(50), std::nullopt, 100);
    SAFELIGHT_ASSERT_OK(survey);
    EXPECT_EQ(survey->waiting + survey->unmade.size(), static_cast<std::size_t>(count - count / 4));
}

}  // namespace
}  // namespace safelight
