// Many threads, and two handles on one database as two processes would have.
#include <array>
#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {
namespace {

constexpr std::size_t worker_count = 8;

/// Starts `worker_count` threads at the same moment and waits for all of them.
void run_together(const std::function<void(std::size_t)>& work) {
    std::latch start{worker_count};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < worker_count; ++i) {
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            work(i);
        });
    }
    for (std::thread& thread : threads) thread.join();
}

TEST_P(CatalogConformance, EightWorkersOnTwoHandlesClaimNoJobTwice) {
    constexpr std::size_t job_count = 1'000;
    std::vector<JobId> jobs;
    for (std::size_t i = 0; i < job_count; ++i) jobs.push_back(create({"a"}).id);
    const auto other = under_test().open_another();

    std::mutex mutex;
    std::map<JobId, int> claimed;
    std::atomic<int> errors = 0;
    run_together([&](std::size_t worker) {
        JobClaims& mine = worker % 2 == 0 ? claims() : other->claims();
        // Everybody tries every job, each from another place on.
        for (std::size_t i = 0; i < job_count; ++i) {
            const JobId id = jobs[(i + worker * job_count / worker_count) % job_count];
            const auto claim = mine.claim(id, lease, now());
            if (!claim) ++errors;
            if (!claim || !claim->has_value()) continue;
            {
                const std::lock_guard lock(mutex);
                ++claimed[id];
            }
            const std::array outcomes{failed("a")};
            if (!mine.complete(id, (*claim)->attempt, outcomes, now())) ++errors;
        }
    });
    EXPECT_EQ(errors, 0);
    EXPECT_EQ(claimed.size(), job_count);
    std::uint64_t attempts = 0;
    for (const JobId id : jobs) {
        EXPECT_EQ(claimed[id], 1);
        const Job job = find(id);
        attempts += job.attempts;
        EXPECT_EQ(job.status, JobStatus::failed);
    }
    EXPECT_EQ(attempts, job_count);
    EXPECT_EQ(backlog(), 0U);
}

TEST_P(CatalogConformance, JobsCreatedAndDeletedAtOnceLeaveNothingHalf) {
    std::mutex mutex;
    std::vector<Job> kept;
    std::set<BlobKey> doomed;
    std::atomic<int> errors = 0;
    run_together([&](std::size_t) {
        for (int i = 0; i < 40; ++i) {
            const auto created = catalog().create_job(draft({"a", "b"}));
            if (!created) {
                ++errors;
                continue;
            }
            // One's own committed write is seen at once.
            if (!catalog().find_job(default_account(), created->id)) ++errors;
            if (i % 2 == 0) {
                const std::lock_guard lock(mutex);
                kept.push_back(*created);
                continue;
            }
            const auto deleted = catalog().delete_job(default_account(), created->id, now());
            if (!deleted) {
                ++errors;
                continue;
            }
            if (catalog().find_job(default_account(), created->id)) ++errors;
            const std::lock_guard lock(mutex);
            doomed.insert(deleted->blobs.begin(), deleted->blobs.end());
        }
    });
    EXPECT_EQ(errors, 0);
    for (const Job& job : kept) {
        EXPECT_EQ(find(job.id), job);
        EXPECT_EQ(state_of(job.image.blob), BlobState::live);
    }
    for (const BlobKey key : doomed) EXPECT_EQ(state_of(key), BlobState::doomed);
    EXPECT_EQ(kept.size(), worker_count * 20);
    EXPECT_EQ(doomed.size(), worker_count * 20);
    EXPECT_EQ(backlog(), kept.size());
}

TEST_P(CatalogConformance, OnlyOneOfManyDeletesSucceeds) {
    const Job job = create({"a"});
    std::atomic<int> deleted = 0;
    std::atomic<int> not_found = 0;
    run_together([&](std::size_t worker) {
        const auto outcome = worker % 2 == 0 ? catalog().delete_job(default_account(), job.id, now())
                                             : catalog().delete_image(default_account(), job.image.id, now());
        if (outcome) {
            ++deleted;
        } else if (outcome.error().code == ErrorCode::not_found) {
            ++not_found;
        }
    });
    EXPECT_EQ(deleted, 1);
    EXPECT_EQ(not_found, static_cast<int>(worker_count) - 1);
}

TEST_P(CatalogConformance, ARefusedWriteDoesNotDisturbItsNeighbours) {
    // Writes that wait together may be committed together; one that is refused must take nobody along.
    std::atomic<int> errors = 0;
    const Job victim = create({"a"});
    run_together([&](std::size_t worker) {
        for (int i = 0; i < 50; ++i) {
            if (worker % 2 == 0) {
                const Job job = draft({"a"});
                if (!catalog().create_job(job)) ++errors;
                if (!catalog().find_job(default_account(), job.id)) ++errors;
            } else {
                Job job = draft({"a"});
                job.image.id = victim.image.id;  // refused late, after the ledger was changed
                if (catalog().create_job(job)) ++errors;
                if (state_of(job.image.blob) != BlobState::writing) ++errors;
            }
        }
    });
    EXPECT_EQ(errors, 0);
    EXPECT_EQ(backlog(), 1 + worker_count / 2 * 50);
}

}  // namespace
}  // namespace safelight
