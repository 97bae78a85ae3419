// The blob ledger: every way from one state to another, and those that are closed.
#include <algorithm>
#include <array>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {
namespace {

TEST_P(CatalogConformance, ReserveNotesAllOrNone) {
    const std::array keys{ids_.next<BlobKey>(), ids_.next<BlobKey>()};
    const Timestamp deadline = now() + Milliseconds{500};
    SAFELIGHT_ASSERT_OK(ledger().reserve(keys, deadline));
    const auto entry = ledger().find(keys[1]);
    SAFELIGHT_ASSERT_OK(entry);
    EXPECT_EQ(*entry, (LedgerEntry{.key = keys[1], .state = BlobState::writing, .deadline = deadline}));

    const std::array again{ids_.next<BlobKey>(), keys[0]};
    EXPECT_EQ(code_of(ledger().reserve(again, deadline)), ErrorCode::conflict);
    EXPECT_EQ(state_of(again[0]), std::nullopt);
    SAFELIGHT_ASSERT_OK(ledger().reserve({}, deadline));
}

TEST_P(CatalogConformance, AbandonDoomsOnlyWhatIsBeingWritten) {
    const Job job = create({"a"});
    const BlobKey writing = reserve();
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::array{writing, job.image.blob, ids_.next<BlobKey>()}));
    EXPECT_EQ(state_of(writing), BlobState::doomed);
    EXPECT_EQ(state_of(job.image.blob), BlobState::live);
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::array{writing}));
    EXPECT_EQ(state_of(writing), BlobState::doomed);
}

TEST_P(CatalogConformance, ForgetDropsOnlyTheDoomed) {
    const Job job = create({"a"});
    const BlobKey writing = reserve();
    const BlobKey doomed = reserve();
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::array{doomed}));
    SAFELIGHT_ASSERT_OK(ledger().forget(std::array{job.image.blob, writing, doomed, ids_.next<BlobKey>()}));
    EXPECT_EQ(state_of(job.image.blob), BlobState::live);
    EXPECT_EQ(state_of(writing), BlobState::writing);
    EXPECT_EQ(state_of(doomed), std::nullopt);
    SAFELIGHT_ASSERT_OK(ledger().forget(std::array{doomed}));
}

TEST_P(CatalogConformance, SweepableTakesTheDoomedAndTheOverdue) {
    const Job job = create({"a"});
    const BlobKey fresh = reserve();
    const BlobKey doomed = reserve();
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::array{doomed}));
    const std::array overdue{ids_.next<BlobKey>()};
    SAFELIGHT_ASSERT_OK(ledger().reserve(overdue, now() + Milliseconds{10}));

    auto sweepable = ledger().sweepable(std::nullopt, 100, now() + Milliseconds{9});
    SAFELIGHT_ASSERT_OK(sweepable);
    EXPECT_EQ(*sweepable, std::vector{doomed});
    EXPECT_EQ(state_of(overdue[0]), BlobState::writing);

    sweepable = ledger().sweepable(std::nullopt, 100, now() + Milliseconds{10});
    SAFELIGHT_ASSERT_OK(sweepable);
    std::ranges::sort(*sweepable);
    EXPECT_EQ(*sweepable, (std::vector{doomed, overdue[0]}));
    EXPECT_EQ(state_of(overdue[0]), BlobState::doomed);
    EXPECT_EQ(state_of(fresh), BlobState::writing);
    EXPECT_EQ(state_of(job.image.blob), BlobState::live);

    SAFELIGHT_ASSERT_OK(ledger().forget(*sweepable));
    sweepable = ledger().sweepable(std::nullopt, 100, now() + Milliseconds{10});
    SAFELIGHT_ASSERT_OK(sweepable);
    EXPECT_TRUE(sweepable->empty());
}

TEST_P(CatalogConformance, SweepableIsBounded) {
    std::vector<BlobKey> keys;
    for (int i = 0; i < 10; ++i) keys.push_back(ids_.next<BlobKey>());
    SAFELIGHT_ASSERT_OK(ledger().reserve(keys, now()));
    std::size_t swept = 0;
    while (true) {
        const auto sweepable = ledger().sweepable(std::nullopt, 3, now());
        SAFELIGHT_ASSERT_OK(sweepable);
        if (sweepable->empty()) break;
        ASSERT_LE(sweepable->size(), 3U);
        swept += sweepable->size();
        SAFELIGHT_ASSERT_OK(ledger().forget(*sweepable));
    }
    EXPECT_EQ(swept, keys.size());
}

TEST_P(CatalogConformance, AnUploadPastItsDeadlineIsRefused) {
    const Job job = draft({"a"});
    SAFELIGHT_ASSERT_OK(ledger().sweepable(std::nullopt, 10, now() + std::chrono::hours{2}));
    EXPECT_EQ(code_of(catalog().create_job(job)), ErrorCode::conflict);
    EXPECT_EQ(state_of(job.image.blob), BlobState::doomed);
    EXPECT_EQ(code_of(catalog().find_job(default_account(), job.id)), ErrorCode::not_found);
}

TEST_P(CatalogConformance, AVariantPastItsDeadlineIsRefused) {
    const Job job = create({"a", "b"});
    const Claim held = claim(job.id);
    const VariantOutcome late = made("b");
    SAFELIGHT_ASSERT_OK(ledger().sweepable(std::nullopt, 10, now() + std::chrono::hours{2}));
    const VariantOutcome good = made("a");
    const Job before = find(job.id);
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, std::array{good, late}, now())),
              ErrorCode::conflict);
    EXPECT_EQ(find(job.id), before) << "all or nothing";
    EXPECT_EQ(state_of(good.content->blob), BlobState::writing);
    SAFELIGHT_ASSERT_OK(claims().release(job.id, held.attempt, now(), true, now()));
}

TEST_P(CatalogConformance, EntriesArePagedByKey) {
    std::vector<BlobKey> keys;
    for (int i = 0; i < 7; ++i) keys.push_back(reserve());
    std::vector<BlobKey> seen;
    std::optional<BlobKey> after;
    while (true) {
        const auto page = ledger().entries(after, 3);
        SAFELIGHT_ASSERT_OK(page);
        if (page->empty()) break;
        ASSERT_LE(page->size(), 3U);
        for (const LedgerEntry& entry : *page) seen.push_back(entry.key);
        after = page->back().key;
    }
    EXPECT_EQ(seen, keys);
}

TEST_P(CatalogConformance, ReferencesNameOriginalsAndVariantsByKey) {
    std::vector<BlobKey> expected;
    for (int i = 0; i < 4; ++i) {
        const Job job = create({"a", "b", "c"});
        process(job.id, {"a", "b"}, {"c"});
        const Job done = find(job.id);
        expected.push_back(done.image.blob);
        for (const Variant& variant : done.image.variants) {
            if (variant.content) expected.push_back(variant.content->blob);
        }
    }
    std::ranges::sort(expected);
    std::vector<BlobLedger::Reference> seen;
    std::optional<BlobKey> after;
    while (true) {
        const auto page = ledger().references(after, 5);
        SAFELIGHT_ASSERT_OK(page);
        if (page->empty()) break;
        ASSERT_LE(page->size(), 5U);
        seen.insert(seen.end(), page->begin(), page->end());
        after = page->back().key;
    }
    std::vector<BlobKey> keys;
    for (const auto& reference : seen) keys.push_back(reference.key);
    EXPECT_EQ(keys, expected);

    const auto jobs = catalog().list_jobs({.owner = default_account()});
    SAFELIGHT_ASSERT_OK(jobs);
    const Image& image = jobs->items.back().image;
    const auto original = std::ranges::find(seen, image.blob, &BlobLedger::Reference::key);
    ASSERT_NE(original, seen.end());
    EXPECT_EQ(original->image_id, image.id);
    EXPECT_EQ(original->variant, "");
    EXPECT_EQ(original->size_bytes, image.size_bytes);
    EXPECT_EQ(original->sha256, image.sha256);
    const Variant& variant = image.variants[1];
    const auto made_one = std::ranges::find(seen, variant.content->blob, &BlobLedger::Reference::key);
    ASSERT_NE(made_one, seen.end());
    EXPECT_EQ(made_one->image_id, image.id);
    EXPECT_EQ(made_one->variant, "b");
    EXPECT_EQ(made_one->size_bytes, variant.content->size_bytes);
    EXPECT_EQ(made_one->sha256, variant.content->sha256);
}

}  // namespace
}  // namespace safelight
