// Listing: order, pages, filters, whose.
#include <algorithm>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {
namespace {

template <class Record>
auto ids_of(const std::vector<Record>& records) {
    std::vector<decltype(Record::id)> ids;
    for (const Record& record : records) ids.push_back(record.id);
    return ids;
}

TEST_P(CatalogConformance, ListsNewestFirstWithEverythingInThem) {
    const Job first = create({"a", "b"});
    advance(Milliseconds{1});
    const Job second = create({});
    const Job third = create({"c"});
    process(first.id, {"b"}, {"a"});

    const auto jobs = catalog().list_jobs({.owner = default_account()});
    SAFELIGHT_ASSERT_OK(jobs);
    EXPECT_FALSE(jobs->has_more);
    ASSERT_EQ(jobs->items.size(), 3U);
    EXPECT_EQ(jobs->items[0], find(third.id));
    EXPECT_EQ(jobs->items[1], find(second.id));
    EXPECT_EQ(jobs->items[2], find(first.id));

    const auto images = catalog().list_images({.owner = default_account()});
    SAFELIGHT_ASSERT_OK(images);
    ASSERT_EQ(images->items.size(), 3U);
    EXPECT_EQ(images->items[0], find(third.id).image);
    EXPECT_EQ(images->items[2], find(first.id).image);
}

TEST_P(CatalogConformance, PagesMeetWithoutGapOrOverlapWhileJobsComeAndGo) {
    std::vector<JobId> expected;
    for (int i = 0; i < 23; ++i) {
        if (i % 3 == 0) advance(Milliseconds{1});
        expected.push_back(create({"a"}).id);
    }
    std::ranges::reverse(expected);

    std::vector<JobId> seen;
    ListQuery query{.owner = default_account(), .limit = 5};
    while (true) {
        const auto page = catalog().list_jobs(query);
        SAFELIGHT_ASSERT_OK(page);
        for (const Job& job : page->items) {
            seen.push_back(job.id);
            EXPECT_EQ(job.image.variants.size(), 1U);
        }
        if (!page->has_more) break;
        ASSERT_EQ(page->items.size(), 5U);
        query.after = page->items.back().id.uuid;
        create({"newer"});
        // The item that the cursor names may go meanwhile: the cursor is a place, not a row.
        SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), page->items.back().id, now()));
    }
    EXPECT_EQ(seen, expected);
}

TEST_P(CatalogConformance, HasMoreIsExact) {
    for (int i = 0; i < 4; ++i) create({});
    const auto exact = catalog().list_jobs({.owner = default_account(), .limit = 4});
    SAFELIGHT_ASSERT_OK(exact);
    EXPECT_EQ(exact->items.size(), 4U);
    EXPECT_FALSE(exact->has_more);
    const auto fewer = catalog().list_images({.owner = default_account(), .limit = 3});
    SAFELIGHT_ASSERT_OK(fewer);
    EXPECT_EQ(fewer->items.size(), 3U);
    EXPECT_TRUE(fewer->has_more);
}

TEST_P(CatalogConformance, FiltersByStatus) {
    std::vector<JobId> processed;
    std::vector<JobId> failed_jobs;
    std::vector<JobId> processing;
    std::vector<JobId> unprocessed;
    for (int i = 0; i < 3; ++i) {
        unprocessed.push_back(create({}).id);
        processing.push_back(create({"a"}).id);
        processed.push_back(create({"a"}).id);
        process(processed.back(), {"a"});
        failed_jobs.push_back(create({"a"}).id);
        process(failed_jobs.back(), {}, {"a"});
    }
    const auto expect = [&](JobStatus status, std::vector<JobId> expected) {
        std::ranges::reverse(expected);
        ListQuery query{.owner = default_account(), .status = status, .limit = 2};
        const auto first = catalog().list_jobs(query);
        SAFELIGHT_ASSERT_OK(first);
        EXPECT_TRUE(first->has_more);
        ASSERT_EQ(first->items.size(), 2U);
        query.after = first->items.back().id.uuid;
        const auto second = catalog().list_jobs(query);
        SAFELIGHT_ASSERT_OK(second);
        EXPECT_FALSE(second->has_more);
        std::vector<Job> all = first->items;
        all.insert(all.end(), second->items.begin(), second->items.end());
        EXPECT_EQ(ids_of(all), expected);
        for (const Job& job : all) EXPECT_EQ(job, find(job.id));
    };
    expect(JobStatus::processed, processed);
    expect(JobStatus::failed, failed_jobs);
    expect(JobStatus::processing, processing);
    expect(JobStatus::unprocessed, unprocessed);
}

TEST_P(CatalogConformance, FiltersByTimeOfCreationExclusively) {
    std::vector<Job> jobs;
    for (int i = 0; i < 5; ++i) {
        jobs.push_back(create({"a"}));
        jobs.push_back(create({"a"}));
        advance(Milliseconds{1});
    }
    const auto list = [&](std::optional<Timestamp> after, std::optional<Timestamp> before) {
        const auto page = catalog().list_jobs(
            {.owner = default_account(), .created_after = after, .created_before = before});
        EXPECT_TRUE(page.has_value());
        const auto images = catalog().list_images(
            {.owner = default_account(), .created_after = after, .created_before = before});
        EXPECT_TRUE(images.has_value());
        EXPECT_EQ(page->items.size(), images->items.size());
        return ids_of(page->items);
    };
    const Timestamp second_ms = jobs[2].created_at;
    const Timestamp fourth_ms = jobs[6].created_at;
    EXPECT_EQ(list(second_ms, fourth_ms), (std::vector{jobs[5].id, jobs[4].id}));
    EXPECT_EQ(list(fourth_ms, std::nullopt), (std::vector{jobs[9].id, jobs[8].id}));
    EXPECT_EQ(list(std::nullopt, second_ms), (std::vector{jobs[1].id, jobs[0].id}));
    EXPECT_TRUE(list(fourth_ms, second_ms).empty());
    EXPECT_TRUE(list(second_ms, second_ms).empty());
}

TEST_P(CatalogConformance, ListsOfOwnersNeverMix) {
    std::vector<JobId> mine;
    std::vector<JobId> theirs;
    for (int i = 0; i < 10; ++i) {
        mine.push_back(create({"a"}).id);
        theirs.push_back(create({"a"}, stranger_).id);
    }
    std::ranges::reverse(mine);
    std::ranges::reverse(theirs);
    for (const std::optional<JobStatus> status :
         {std::optional<JobStatus>{}, std::optional{JobStatus::processing}}) {
        EXPECT_EQ(ids_of(catalog().list_jobs({.owner = default_account(), .status = status})->items), mine);
        EXPECT_EQ(ids_of(catalog().list_jobs({.owner = stranger_, .status = status})->items), theirs);
    }
    for (const Image& image : catalog().list_images({.owner = stranger_})->items)
        EXPECT_EQ(image.owner, stranger_);
    // A cursor from somebody else's list is a place in the order, and opens nothing.
    const auto page = catalog().list_jobs({.owner = stranger_, .after = mine.front().uuid});
    SAFELIGHT_ASSERT_OK(page);
    for (const Job& job : page->items) EXPECT_EQ(job.owner, stranger_);
}

TEST_P(CatalogConformance, AnEmptyPageIsNoError) {
    const auto page = catalog().list_jobs({.owner = default_account()});
    SAFELIGHT_ASSERT_OK(page);
    EXPECT_TRUE(page->items.empty());
    EXPECT_FALSE(page->has_more);
    create({"a"});
    const auto none = catalog().list_jobs({.owner = default_account(), .limit = 0});
    SAFELIGHT_ASSERT_OK(none);
    EXPECT_TRUE(none->items.empty());
}

}  // namespace
}  // namespace safelight
