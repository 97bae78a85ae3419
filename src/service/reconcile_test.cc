#include "service/reconcile.h"

#include <gtest/gtest.h>

#include <map>

#include "service/testing/house.h"

namespace safelight::testing {
namespace {

using std::chrono::hours;

class ReconcileTest : public ::testing::Test {
  protected:
    ReconcileSummary run(const ReconcileOptions& options = {}) {
        findings_.clear();
        return value_of(
            reconcile(*house_.blobs, house_.database->ledger(), clock_, options,
                      [this](const Finding& finding) { findings_[finding.kind].push_back(finding); }));
    }

    BlobKey plant(const std::string& text = "litter") {
        const auto key = house_.ids.next<BlobKey>();
        (void)value_of(put(*house_.blobs, key, std::as_bytes(std::span(text))));
        return key;
    }

    std::size_t count(FindingKind kind) { return findings_[kind].size(); }

    ManualClock clock_{Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}}};
    House house_{clock_};
    std::map<FindingKind, std::vector<Finding>> findings_;
};

TEST_F(ReconcileTest, FindsNothingInAHouseInOrder) {
    (void)house_.upload();
    (void)house_.upload({});
    const auto summary = run({.repair = true, .verify = true});
    EXPECT_EQ(summary.blobs, 2U);
    EXPECT_EQ(summary.references, 2U);
    EXPECT_EQ(summary.litter + summary.damage + summary.repaired, 0U);
    house_.expect_in_order();
}

TEST_F(ReconcileTest, ADryRunFindsAnOrphanAndLeavesIt) {
    plant();
    clock_.advance(hours{2});
    const auto summary = run();
    EXPECT_EQ(count(FindingKind::orphan_blob), 1U);
    EXPECT_EQ(summary.litter, 1U);
    EXPECT_EQ(summary.repaired, 0U);
    EXPECT_EQ(house_.stored().size(), 1U);
}

TEST_F(ReconcileTest, RepairingRemovesOrphansAndNothingElse) {
    (void)house_.upload();
    plant();
    clock_.advance(hours{2});
    EXPECT_EQ(run({.repair = true}).repaired, 1U);
    house_.expect_in_order();
    EXPECT_EQ(run().litter, 0U);
}

TEST_F(ReconcileTest, ABlobThatSomebodyMayBeWritingIsLeftAlone) {
    plant();
    EXPECT_EQ(run({.repair = true}).litter, 0U);
    EXPECT_EQ(house_.stored().size(), 1U);
    EXPECT_EQ(run({.repair = true, .grace = Milliseconds{0}}).repaired, 1U);
}

TEST_F(ReconcileTest, RepairingDoesTheSweepersWork) {
    auto& ledger = house_.database->ledger();
    const auto overdue = house_.ids.next<BlobKey>();
    ASSERT_TRUE(ledger.reserve(std::span(&overdue, 1), clock_.now() + hours{1}));
    const auto doomed = house_.ids.next<BlobKey>();
    ASSERT_TRUE(ledger.reserve(std::span(&doomed, 1), clock_.now() + hours{1}));
    ASSERT_TRUE(ledger.abandon(std::span(&doomed, 1)));

    run();
    EXPECT_EQ(count(FindingKind::overdue_write), 0U) << "its deadline has not passed";
    EXPECT_EQ(count(FindingKind::doomed_blob), 1U);

    clock_.advance(hours{2});
    EXPECT_EQ(run({.repair = true}).repaired, 2U);
    house_.expect_nothing();
}

TEST_F(ReconcileTest, WhatCannotBeRemovedDoesNotKeepTheRest) {
    for (int i = 0; i < 3; ++i) plant();
    clock_.advance(hours{2});
    house_.faults.fail(BlobOperation::remove, 2, {ErrorCode::unavailable, "planned", {}, {}});
    std::size_t repaired = 0;
    const auto stopped = reconcile(*house_.blobs, house_.ledger, clock_, {.repair = true},
                                   [&](const Finding& finding) { repaired += finding.repaired ? 1 : 0; });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::unavailable);
    EXPECT_EQ(repaired, 2U);
    EXPECT_EQ(house_.stored().size(), 1U);
    EXPECT_EQ(run({.repair = true}).repaired, 1U);
    house_.expect_nothing();
}

TEST_F(ReconcileTest, AWriteThatIsCommittedMeanwhileStays) {
    // Reserved long ago and past its deadline when the ledger is read; the job that refers to it comes right
    // after.
    const Job model = house_.upload();
    const BlobKey late = plant("a slow upload");
    auto& ledger = house_.database->ledger();
    ASSERT_TRUE(ledger.reserve(std::span(&late, 1), clock_.now() + hours{1}));
    clock_.advance(hours{2});
    house_.script.before("abandon", [&]() -> std::optional<Error> {
        Job job = model;
        job.id = house_.ids.next<JobId>();
        job.image.id = house_.ids.next<ImageId>();
        job.image.blob = late;
        job.updated_at = clock_.now();
        EXPECT_TRUE(house_.database->catalog().create_job(job));
        return std::nullopt;
    });
    const auto summary =
        value_of(reconcile(*house_.blobs, house_.ledger, clock_, {.repair = true}, [](const Finding&) {}));
    EXPECT_EQ(summary.repaired, 0U);
    EXPECT_TRUE(house_.blobs->open(late)) << "its upload was acknowledged";
}

TEST_F(ReconcileTest, ALostBlobIsDamage) {
    const Job job = house_.upload();
    ASSERT_TRUE(house_.blobs->remove(job.image.blob));
    const auto summary = run({.repair = true});
    EXPECT_EQ(summary.damage, 1U);
    EXPECT_EQ(summary.repaired, 0U);
    ASSERT_EQ(count(FindingKind::missing_blob), 1U);
    EXPECT_NE(findings_[FindingKind::missing_blob][0].detail.find(job.image.id.to_string()),
              std::string::npos);
}

TEST_F(ReconcileTest, ChangedBytesAreDamage) {
    const Job shorter = house_.upload();
    ASSERT_TRUE(house_.blobs->remove(shorter.image.blob));
    (void)value_of(put(*house_.blobs, shorter.image.blob, std::as_bytes(std::span("x"))));

    const Job flipped = house_.upload();
    auto bytes = value_of(read_all(*value_of(house_.blobs->open(flipped.image.blob)), 1'000'000));
    bytes[bytes.size() / 2] ^= std::byte{1};
    ASSERT_TRUE(house_.blobs->remove(flipped.image.blob));
    (void)value_of(put(*house_.blobs, flipped.image.blob, bytes));

    EXPECT_EQ(run().damage, 1U);
    EXPECT_EQ(count(FindingKind::size_differs), 1U);
    EXPECT_EQ(run({.verify = true}).damage, 2U);
    EXPECT_EQ(count(FindingKind::content_differs), 1U);
}

TEST_F(ReconcileTest, AnUnreachableStoreIsAnErrorAndNoFinding) {
    (void)house_.upload();
    house_.faults.fail_always(BlobOperation::list, {ErrorCode::unavailable, "injected", {}, {}});
    const auto result =
        reconcile(*house_.blobs, house_.database->ledger(), clock_, {}, [](const Finding&) { FAIL(); });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace safelight::testing
