// The order in which jobs change: nobody who reads along misses a finish.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "catalog/conformance/change_suite.h"

namespace safelight {
namespace {

TEST_P(ChangeConformance, AJobIsFoundAtItsNewestChange) {
    settle();
    const ChangePlace begin = end();
    EXPECT_TRUE(after(begin).empty());
    const Job job = create({"a"});
    const auto created = after(begin);
    ASSERT_EQ(ids_of(created), std::vector{job.id});
    EXPECT_EQ(created[0].job, find(job.id)) << "the whole job";
    EXPECT_GT(created[0].place, begin);
    EXPECT_LE(created[0].place, end());
    EXPECT_TRUE(after(created[0].place).empty());

    process(job.id, {"a"});
    const auto finished = after(created[0].place);
    ASSERT_EQ(ids_of(finished), std::vector{job.id});
    EXPECT_EQ(finished[0].job.status, JobStatus::processed);
    EXPECT_EQ(after(begin), finished) << "once, where it stands now";
    EXPECT_TRUE(after(end()).empty());
}

TEST_P(ChangeConformance, EachChangeOfTheStatusCounts) {
    ChangePlace place = end();
    const Job job = create({});
    const auto expect_change = [&](JobStatus status) {
        const auto page = after(place);
        ASSERT_EQ(ids_of(page), std::vector{job.id});
        EXPECT_EQ(page[0].job.status, status);
        place = page[0].place;
    };
    expect_change(JobStatus::unprocessed);
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::array{request("a")}, now()));
    expect_change(JobStatus::processing);
    process(job.id, {}, {"a"});
    expect_change(JobStatus::failed);
    JobControl& control = under_test().database().control();
    SAFELIGHT_ASSERT_OK(control.retry(default_account(), job.id, 3, now()));
    expect_change(JobStatus::processing);
    (void)claim(job.id);
    EXPECT_TRUE(after(place).empty()) << "a claim changes no status";
    SAFELIGHT_ASSERT_OK(control.cancel(default_account(), job.id, now()));
    expect_change(JobStatus::failed);
    SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), job.id, now()));
    EXPECT_TRUE(after(ChangePlace{}).empty());
}

TEST_P(ChangeConformance, PagesHaveNoGapsAndNoRepetitions) {
    std::vector<JobId> created;
    for (int i = 0; i < 7; ++i) created.push_back(create({"a"}).id);
    ChangePlace place{};
    std::vector<JobId> seen;
    for (const std::size_t expected : {3U, 3U, 1U, 0U}) {
        const auto page = after(place, 3);
        ASSERT_EQ(page.size(), expected);
        EXPECT_TRUE(std::ranges::is_sorted(page, {}, &JobChange::place));
        for (const JobChange& change : page) seen.push_back(change.job.id);
        if (!page.empty()) place = page.back().place;
    }
    EXPECT_EQ(seen, created);
}

TEST_P(ChangeConformance, ChangesOfOneTransactionAreToldApartByTheirJobs) {
    std::set<JobId> failed_jobs;
    for (int i = 0; i < 5; ++i) {
        const Job job = create({"a"});
        process(job.id, {}, {"a"});
        failed_jobs.insert(job.id);
    }
    settle();
    const ChangePlace before = end();
    BulkOperation operation{.id = ids_.next<BulkOperationId>(),
                            .owner = default_account(),
                            .filter = {.status = JobStatus::failed},
                            .created_at = now()};
    BulkOperations& bulk = under_test().database().bulk_operations();
    SAFELIGHT_ASSERT_OK(bulk.create(operation));
    const auto held = bulk.claim(lease, now()).value().value();
    SAFELIGHT_ASSERT_OK(bulk.advance(operation.id, held.attempt, 100, 3, lease, now()));
    ChangePlace place = before;
    std::set<JobId> seen;
    for (auto page = after(place, 2); !page.empty(); page = after(place, 2)) {
        for (const JobChange& change : page) EXPECT_TRUE(seen.insert(change.job.id).second);
        place = page.back().place;
    }
    EXPECT_EQ(seen, failed_jobs);
}

TEST_P(ChangeConformance, EachOwnerSeesTheirOwn) {
    const Job mine = create({"a"});
    const Job theirs = create({"a"}, stranger_);
    EXPECT_EQ(ids_of(after({})), std::vector{mine.id});
    EXPECT_EQ(ids_of(after({}, 100, stranger_)), std::vector{theirs.id});
    EXPECT_EQ(code_of(changes().find(default_account(), theirs.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(changes().find(default_account(), ids_.next<JobId>())), ErrorCode::not_found);
    const auto found = changes().find(default_account(), mine.id);
    SAFELIGHT_ASSERT_OK(found);
    EXPECT_EQ(*found, after({})[0]);
}

TEST_P(ChangeConformance, AnotherHandleSeesTheSameOrder) {
    const auto other = under_test().open_another();
    const ChangePlace begin = other->changes().end().value();
    const Job job = create({"a"});
    process(job.id, {"a"});
    settle();
    const auto page = other->changes().after(default_account(), begin, 100);
    SAFELIGHT_ASSERT_OK(page);
    EXPECT_EQ(*page, after(begin));
    EXPECT_EQ(page->size(), 1U);
}

/// Writers on two handles finish jobs at the same time, in transactions that overlap; a reader follows along.
TEST_P(ChangeConformance, WhoFollowsAlongMissesNoFinish) {
    constexpr int writers = 4;
    constexpr int jobs_of_each = 15;
    const auto other = under_test().open_another();
    std::vector<std::vector<JobId>> jobs(writers);
    for (auto& own : jobs) {
        for (int i = 0; i < jobs_of_each; ++i) own.push_back(create({"a"}).id);
    }
    settle();
    const ChangePlace begin = end();
    std::atomic<int> working = writers;
    std::vector<std::jthread> threads;
    for (int number = 0; number < writers; ++number) {
        threads.emplace_back([&, number] {
            JobClaims& mine = number % 2 == 0 ? claims() : other->claims();
            for (const JobId id : jobs[static_cast<std::size_t>(number)]) {
                const auto held = mine.claim(id, lease, now());
                if (!held || !*held) break;
                const std::array outcomes{failed("a")};
                (void)mine.complete(id, (*held)->attempt, outcomes, now());
            }
            --working;
        });
    }
    std::set<JobId> finished;
    ChangePlace place = begin;
    for (bool is_last = false; !is_last;) {
        is_last = working == 0;
        if (is_last) settle();
        for (auto page = visible_after(place, 5); !page.empty(); page = visible_after(place, 5)) {
            for (const JobChange& change : page) {
                EXPECT_EQ(change.job.status, JobStatus::failed);
                EXPECT_TRUE(finished.insert(change.job.id).second) << "each once";
            }
            place = page.back().place;
        }
    }
    threads.clear();
    EXPECT_EQ(finished.size(), static_cast<std::size_t>(writers * jobs_of_each));
}

}  // namespace
}  // namespace safelight
