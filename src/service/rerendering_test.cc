#include "service/rerendering.h"

#include <gtest/gtest.h>

#include "service/testing/house.h"
#include "transform/presets.h"

namespace safelight::testing {
namespace {

using namespace std::chrono_literals;

class RerenderingTest : public ::testing::Test {
  protected:
    RerenderingTest() {
        options.name = "thumbnail";
        options.wanted.quality = 50;
        options.batch = 2;
    }
    /// Images whose thumbnail is ready by the transform of House::requests.
    void upload_ready(int count) {
        for (int i = 0; i < count; ++i) {
            const Job job = house.upload();
            const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
            VariantOutcome outcome{"thumbnail", content(), std::nullopt};
            EXPECT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&outcome, 1), clock.now()));
        }
    }
    [[nodiscard]] VariantContent content() {
        VariantContent content;
        content.blob = house.ids.next<BlobKey>();
        content.width_px = 1;
        content.height_px = 1;
        EXPECT_TRUE(house.ledger.reserve(std::span(&content.blob, 1), clock.now() + 1h));
        return content;
    }
    /// Does what a worker would do with the one that has waited for longest.
    void remake_one() {
        const auto claim = value_of(house.rerenders.claim(1min, clock.now())).claim;
        if (!claim) return;
        EXPECT_TRUE(
            house.rerenders.complete({claim->image.id, claim->name, claim->token}, content(), clock.now()));
    }
    RerenderSummary run() {
        return value_of(queue_rerenders(house.rerenders, clock, options, pause,
                                        [this](const RerenderProgress& now) { progress.push_back(now); }));
    }
    [[nodiscard]] std::uint64_t waiting() { return value_of(house.rerenders.counts("thumbnail")).waiting; }

    ManualClock clock{Timestamp{1'700'000'000'000ms}};
    House house{clock};
    RerenderOptions options;
    RerenderPause pause = [](Milliseconds) { return false; };
    std::vector<RerenderProgress> progress;
};

TEST_F(RerenderingTest, QueuesAllInBatchesAndNothingTwice) {
    upload_ready(5);
    const RerenderSummary first = run();
    EXPECT_EQ(first.stale, 5U);
    EXPECT_EQ(first.queued, 5U);
    EXPECT_EQ(first.current, 0U);
    EXPECT_FALSE(first.interrupted);
    EXPECT_EQ(house.script.count("request_rerenders"), 3U);
    const std::map<std::string, std::uint64_t> versions{{version_of(House::requests({"a"})[0].transform), 5}};
    EXPECT_EQ(first.stale_versions, versions);
    EXPECT_EQ(waiting(), 5U);

    const RerenderSummary second = run();
    EXPECT_EQ(second.queued, 0U);
    EXPECT_EQ(second.stale, 0U);
    EXPECT_EQ(second.waiting, 5U);
    for (int i = 0; i < 5; ++i) remake_one();
    EXPECT_EQ(run().current, 5U);
}

TEST_F(RerenderingTest, WhatWasNeverMadeIsAskedForByTheNewTransform) {
    const Job pending = house.upload();
    const Job failing = house.upload();
    const Claim claim = *value_of(house.claims.claim(failing.id, 1min, clock.now()));
    VariantOutcome outcome{"thumbnail", std::nullopt,
                           VariantError{ErrorCode::invalid_image, "It is broken."}};
    EXPECT_TRUE(house.claims.complete(failing.id, claim.attempt, std::span(&outcome, 1), clock.now()));
    const auto variant_of = [&](const Job& job) {
        return value_of(house.catalog.find_job(house.owner, job.id)).image.variants[0];
    };
    options.dry_run = true;
    EXPECT_EQ(run().changed, 0U);
    EXPECT_NE(variant_of(pending).transform, options.wanted);

    options.dry_run = false;
    RerenderSummary summary = run();
    EXPECT_EQ(summary.changed, 1U);
    EXPECT_EQ(summary.queued, 0U);
    EXPECT_EQ(summary.failed, 1U);
    EXPECT_EQ(variant_of(pending).transform, options.wanted);
    EXPECT_EQ(variant_of(failing).status, VariantStatus::failed) << "not unless it was asked for";

    options.failed_again = true;
    summary = run();
    EXPECT_EQ(summary.changed, 1U);
    EXPECT_EQ(summary.failed, 0U);
    EXPECT_EQ(variant_of(failing).status, VariantStatus::pending);
    EXPECT_EQ(variant_of(failing).transform, options.wanted);
    EXPECT_EQ(run().unready, 2U);
}

TEST_F(RerenderingTest, WhatIsMadeWhileItIsLookedAtIsMadeAgain) {
    const Job job = house.upload();
    const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
    // Asked between the look and the change.
    int asked = 0;
    pause = [&](Milliseconds) {
        if (++asked != 2) return false;
        VariantOutcome outcome{"thumbnail", content(), std::nullopt};
        EXPECT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&outcome, 1), clock.now()));
        return false;
    };
    const RerenderSummary summary = run();
    EXPECT_EQ(summary.changed, 0U);
    EXPECT_EQ(summary.queued, 1U);
}

TEST_F(RerenderingTest, ADryRunChangesNothing) {
    upload_ready(3);
    options.dry_run = true;
    options.wait = true;
    const RerenderSummary summary = run();
    EXPECT_EQ(summary.stale, 3U);
    EXPECT_EQ(summary.queued, 0U);
    EXPECT_EQ(waiting(), 0U);
}

TEST_F(RerenderingTest, StopsBetweenBatchesAndGoesOnLater) {
    upload_ready(5);
    int asked = 0;
    pause = [&asked](Milliseconds) { return ++asked == 3; };  // once before the page, then before each batch
    const RerenderSummary first = run();
    EXPECT_TRUE(first.interrupted);
    EXPECT_EQ(first.queued, 2U);
    EXPECT_EQ(waiting(), 2U);
    pause = [](Milliseconds) { return false; };
    const RerenderSummary second = run();
    EXPECT_EQ(second.queued, 3U);
    EXPECT_EQ(waiting(), 5U);
}

TEST_F(RerenderingTest, TheRateIsKeptBetweenBatches) {
    upload_ready(5);
    options.per_second = 4;
    Milliseconds paused{};
    pause = [&paused](Milliseconds time) {
        paused += time;
        return false;
    };
    EXPECT_EQ(run().queued, 5U);
    EXPECT_EQ(paused, 1'250ms);
}

TEST_F(RerenderingTest, WaitingKeepsTheQueueShortAndEndsWithTheLast) {
    upload_ready(5);
    options.wait = true;
    pause = [this](Milliseconds time) {
        if (time > Milliseconds::zero()) remake_one();
        return false;
    };
    const RerenderSummary summary = run();
    EXPECT_EQ(summary.queued, 5U);
    EXPECT_EQ(waiting(), 0U);
    ASSERT_FALSE(progress.empty());
    for (const RerenderProgress& now : progress) EXPECT_LE(now.waiting, 3U);
    EXPECT_EQ(progress.back().queued, 5U);
}

TEST_F(RerenderingTest, WhatFailedIsReportedAndTriedAgainWhenAskedFor) {
    upload_ready(2);
    (void)run();
    const auto claim = *value_of(house.rerenders.claim(1min, clock.now())).claim;
    ASSERT_TRUE(house.rerenders.fail({claim.image.id, claim.name, claim.token},
                                     {ErrorCode::invalid_image, "It is broken."}));
    remake_one();
    RerenderSummary summary = run();
    EXPECT_EQ(summary.failed, 1U);
    EXPECT_EQ(summary.queued, 0U);
    options.failed_again = true;
    summary = run();
    EXPECT_EQ(summary.failed, 0U);
    EXPECT_EQ(summary.queued, 1U);
}

TEST_F(RerenderingTest, APresetThatWasChangedBackWithdrawsWhatWaits) {
    upload_ready(2);
    (void)run();
    options.wanted = House::requests({"a"})[0].transform;
    const RerenderSummary summary = run();
    EXPECT_EQ(summary.current, 2U);
    EXPECT_EQ(waiting(), 0U);
}

TEST_F(RerenderingTest, TroubleOfTheCatalogEndsIt) {
    upload_ready(1);
    house.script.before("request_rerenders", failing(ErrorCode::unavailable));
    const auto summary =
        queue_rerenders(house.rerenders, clock, options, pause, [](const RerenderProgress&) {});
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace safelight::testing
