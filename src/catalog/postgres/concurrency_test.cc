// Transactions at once, where SQLite has one writer: what the suite of every catalog does not look at.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

constexpr std::size_t worker_count = 8;

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

class PostgresConcurrency : public testing::Test {
  protected:
    PostgresConcurrency() : database_(migrate_and_open_postgres_catalog(config(), clock_).value()) {}

    [[nodiscard]] PostgresConfig config() const {
        PostgresConfig config = schema_.config();
        config.pool_timeout = config.statement_timeout = config.lock_timeout = Milliseconds{60'000};
        return config;
    }
    Job create() {
        const BlobKey blob = reserve();
        return database_->catalog().create_job(job_of(ids_, blob, clock_.now())).value();
    }
    BlobKey reserve() {
        const BlobKey blob = ids_.next<BlobKey>();
        EXPECT_TRUE(database_->ledger().reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
        return blob;
    }
    VariantOutcome made(const std::string& name) {
        VariantOutcome outcome{.name = name, .content = VariantContent{}, .error = {}};
        outcome.content->blob = reserve();
        outcome.content->width_px = outcome.content->height_px = 1;
        return outcome;
    }
    void make(JobId id, const std::vector<std::string>& names) {
        const auto claim = database_->claims().claim(id, Milliseconds{60'000}, clock_.now()).value();
        if (!claim) throw std::runtime_error("the job could not be claimed");
        std::vector<VariantOutcome> outcomes;
        for (const std::string& name : names) outcomes.push_back(made(name));
        ASSERT_TRUE(database_->claims().complete(id, claim->attempt, outcomes, clock_.now()));
    }
    /// What the counters and the statuses say is what is there.
    void expect_consistent() {
        RawDatabase raw(schema_.url());
        EXPECT_EQ(raw.value("SELECT count(*) FROM jobs WHERE status <> status_of_image(image_id)"), "0");
        EXPECT_EQ(raw.value("SELECT sum(value) FROM totals WHERE name = 'backlog'"),
                  raw.value("SELECT count(*) FROM jobs WHERE status = 'PROCESSING'"));
        EXPECT_EQ(raw.value("SELECT sum(value) FROM totals WHERE name = 'rerenders'"),
                  raw.value("SELECT count(*) FROM rerenders WHERE state = 'waiting'"));
        EXPECT_EQ(
            raw.value(
                "SELECT count(*) FROM blobs WHERE state = 'live' AND key NOT IN (SELECT blob FROM images)"
                " AND key NOT IN (SELECT blob FROM variants WHERE blob IS NOT NULL)"),
            "0");
        EXPECT_EQ(
            raw.value("SELECT count(*) FROM blobs WHERE state <> 'live' AND (key IN (SELECT blob FROM images)"
                      " OR key IN (SELECT blob FROM variants WHERE blob IS NOT NULL))"),
            "0");
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    TestSchema schema_;
    std::unique_ptr<CatalogDatabase> database_;
};

TEST_F(PostgresConcurrency, EightWorkersMakeEachVariantAgainOnce) {
    constexpr std::size_t count = 100;
    std::vector<ImageId> images;
    for (std::size_t i = 0; i < count; ++i) {
        const Job job = create();
        make(job.id, {"a", "b"});
        images.push_back(job.image.id);
    }
    const Transform wanted{.resize = Resize{.width_px = 9, .height_px = 9}, .format = {}, .quality = {}};
    ASSERT_EQ(database_->rerenders().request(images, "a", wanted, false, clock_.now()).value(), count);
    std::mutex mutex;
    std::map<ImageId, int> claimed;
    run_together([&](std::size_t) {
        while (true) {
            const auto claim = database_->rerenders().claim(Milliseconds{60'000}, clock_.now());
            ASSERT_TRUE(claim) << claim.error().log_text;
            if (!claim->claim) {
                // Others may hold the rest, or be about to.
                if (*database_->rerenders().backlog() == 0) return;
                std::this_thread::yield();
                continue;
            }
            const RerenderClaim& held = *claim->claim;
            {
                const std::lock_guard lock(mutex);
                ++claimed[held.image.id];
            }
            const auto done = database_->rerenders().complete({held.image.id, held.name, held.token},
                                                              *made("a").content, clock_.now());
            EXPECT_TRUE(done) << done.error().log_text;
        }
    });
    EXPECT_EQ(claimed.size(), count);
    for (const auto& [image, times] : claimed) EXPECT_EQ(times, 1);
    expect_consistent();
}

TEST_F(PostgresConcurrency, TheStatusFollowsWhateverHappensAtOnce) {
    std::vector<Job> jobs;
    for (int i = 0; i < 4; ++i) jobs.push_back(create());
    std::atomic<int> errors = 0;
    const auto check = [&errors](const auto& outcome) {
        if (outcome || outcome.error().code == ErrorCode::fenced ||
            outcome.error().code == ErrorCode::conflict || outcome.error().code == ErrorCode::not_found)
            return;
        ADD_FAILURE() << outcome.error().log_text;
        ++errors;
    };
    run_together([&](std::size_t worker) {
        for (std::uint32_t round = 0; round < 25; ++round) {
            const Job& job = jobs[(worker + round) % jobs.size()];
            const Transform wanted{
                .resize = Resize{.width_px = round + 1, .height_px = 9}, .format = {}, .quality = {}};
            if (worker % 4 == 0) {
                const std::array more{VariantRequest{
                    .name = "w" + std::to_string(worker) + "-" + std::to_string(round % 3), .transform = {}}};
                check(database_->catalog().add_variants(default_account(), job.id, more, clock_.now()));
            } else if (worker % 4 == 1) {
                check(database_->rerenders().request(std::array{job.image.id}, "a", wanted, true,
                                                     clock_.now()));
                const auto claim = database_->rerenders().claim(Milliseconds{60'000}, clock_.now());
                check(claim);
                if (claim && claim->claim) {
                    const RerenderClaim& held = *claim->claim;
                    check(database_->rerenders().complete({held.image.id, held.name, held.token},
                                                          *made("a").content, clock_.now()));
                }
            } else {
                const auto claim = database_->claims().claim(job.id, Milliseconds{60'000}, clock_.now());
                check(claim);
                if (!claim || !*claim) continue;
                std::vector<VariantOutcome> outcomes;
                for (const Variant& variant : (*claim)->pending) outcomes.push_back(made(variant.name));
                check(database_->claims().complete(job.id, (*claim)->attempt, outcomes, clock_.now()));
            }
        }
    });
    EXPECT_EQ(errors, 0);
    // What was reserved for those who were sent away is swept some day.
    expect_consistent();
    run_together([&](std::size_t worker) {
        check(
            database_->catalog().delete_job(default_account(), jobs[worker % jobs.size()].id, clock_.now()));
    });
    expect_consistent();
    EXPECT_EQ(database_->claims().backlog().value(), 0U);
}

TEST_F(PostgresConcurrency, WhoDeletesTouchesUsageAtItsCommitAlone) {
    const Job job = create();
    make(job.id, {"a", "b"});
    const std::string id = "'" + job.id.to_string() + "'";
    const std::string image = "'" + job.image.id.to_string() + "'";
    const std::string images = "SELECT sum(images) FROM account_usage";
    RawDatabase raw(schema_.url());
    raw.must("BEGIN");
    raw.must("DELETE FROM jobs WHERE id = " + id);
    raw.must("DELETE FROM images WHERE id = " + image);
    EXPECT_EQ(raw.value(images), "1");
    EXPECT_EQ(raw.value("SELECT count(*) FROM usage_dues"), "1") << "variants go with their image";
    raw.must("COMMIT");
    EXPECT_EQ(raw.value(images), "0");
    EXPECT_EQ(raw.value("SELECT sum(stored_bytes) FROM account_usage"), "0");
    EXPECT_EQ(raw.value("SELECT count(*) FROM usage_dues"), "0");
}

}  // namespace
}  // namespace safelight::postgres
