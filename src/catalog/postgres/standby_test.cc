// Reads at a hot standby: never behind what anybody was told to be written, and never worse off than without
// one.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/migrations.h"
#include "catalog/postgres/testing/own_server.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

class PostgresStandby : public testing::Test {
  protected:
    PostgresStandby() {
        EXPECT_TRUE(make_postgres_migrator(config_, clock_).value()->up());
        standby_ = std::make_unique<OwnServer>(primary_.url());
        config_.read_url = schema_.url_of(standby_->url());
        read_from(config_.read_url);
        other_process_ = open_postgres_catalog(config_).value();
    }

    /// By these the tests see where a read went.
    void read_from(const std::string& url) {
        PostgresConfig config = config_;
        config.read_url = url;
        Pool::Options options{.connection = standby_options(config), .repetitions_max = 0};
        options.connection.statement_timeout = Milliseconds{500};
        catalog_.reset();
        pool_ = std::make_unique<Pool>(Pool::Options{.connection = options_of(config)});
        reads_ = std::make_unique<Reads>(*pool_, std::make_unique<Pool>(std::move(options)));
        catalog_ = make_jobs(*pool_, *reads_, news_);
    }

    Job create(CatalogDatabase& by) {
        const BlobKey blob = ids_.next<BlobKey>();
        EXPECT_TRUE(by.ledger().reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
        return by.catalog().create_job(job_of(ids_, blob, clock_.now())).value();
    }
    Job create() { return create(*other_process_); }
    void finish(JobId id) {
        JobClaims& claims = other_process_->claims();
        const auto claim = claims.claim(id, Milliseconds{60'000}, clock_.now()).value();
        if (!claim) throw std::runtime_error("there is nothing to claim");
        std::vector<VariantOutcome> outcomes;
        for (const Variant& variant : claim->pending)
            outcomes.push_back({.name = variant.name, .content = {}, .error = VariantError{}});
        EXPECT_TRUE(claims.complete(id, claim->attempt, outcomes, clock_.now()));
    }
    [[nodiscard]] Result<Job> find(JobId id) { return catalog_->find_job(default_account(), id); }
    /// How many of `count` reads the standby answered.
    std::uint64_t answered_of(int count, JobId id) {
        const std::uint64_t before = reads_->answered_by_standby();
        for (int i = 0; i < count; ++i) EXPECT_TRUE(find(id));
        return reads_->answered_by_standby() - before;
    }
    void wait_until_trusted(JobId id) {
        wait_until([&] { return answered_of(1, id) == 1; }, "a standby that is trusted");
    }
    void pause_replay() {
        RawDatabase standby(standby_->url());
        standby.must("SELECT pg_wal_replay_pause()");
        wait_until([&] { return standby.value("SELECT pg_get_wal_replay_pause_state()") == "paused"; },
                   "a replay that is paused");
    }
    void resume_replay() { RawDatabase(standby_->url()).must("SELECT pg_wal_replay_resume()"); }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    OwnServer primary_;
    TestSchema schema_{primary_.url()};
    PostgresConfig config_ = schema_.config();
    std::unique_ptr<OwnServer> standby_;
    std::unique_ptr<CatalogDatabase> other_process_;
    NewsSender news_{options_of(config_), "reader"};
    std::unique_ptr<Pool> pool_;
    std::unique_ptr<Reads> reads_;
    std::unique_ptr<Catalog> catalog_;
};

TEST_F(PostgresStandby, AnswersWhenItHasCaughtUp) {
    const Job job = create();
    wait_until_trusted(job.id);
    const std::uint64_t before = reads_->answered_by_standby();
    EXPECT_EQ(find(job.id), job);
    EXPECT_EQ(catalog_->find_image(default_account(), job.image.id), job.image);
    EXPECT_EQ(catalog_->list_jobs({.owner = default_account()})->items, std::vector{job});
    EXPECT_EQ(catalog_->list_images({.owner = default_account()})->items, std::vector{job.image});
    EXPECT_EQ(find(ids_.next<JobId>()).error().code, ErrorCode::not_found);
    EXPECT_EQ(reads_->answered_by_standby() - before, 5U);
}

TEST_F(PostgresStandby, WhatAnyProcessWroteIsSeenAtOnce) {
    for (int i = 0; i < 100; ++i) {
        const Job job = create();
        ASSERT_EQ(find(job.id), job);
        ASSERT_EQ(catalog_->list_jobs({.owner = default_account()})->items.front(), job);
        ASSERT_TRUE(other_process_->catalog().delete_job(default_account(), job.id, clock_.now()));
        ASSERT_EQ(find(job.id).error().code, ErrorCode::not_found);
    }
    EXPECT_GT(reads_->answered_by_standby(), 0U) << "a moment behind is waited for";
}

TEST_F(PostgresStandby, WhatAnyProcessWroteIsSeenWhileReplayIsPaused) {
    const Job first = create();
    wait_until_trusted(first.id);
    pause_replay();
    std::uint64_t before = 0;
    for (int i = 0; i < 10; ++i) {
        const Job job = create();
        if (i == 0) before = reads_->answered_by_standby();
        ASSERT_EQ(find(job.id), job);
        ASSERT_EQ(catalog_->list_jobs({.owner = default_account()})->items.front(), job);
        ASSERT_TRUE(other_process_->catalog().delete_job(default_account(), job.id, clock_.now()));
        ASSERT_EQ(find(job.id).error().code, ErrorCode::not_found);
    }
    EXPECT_EQ(reads_->answered_by_standby(), before);
    resume_replay();
    wait_until_trusted(first.id);
}

/// Reads a job as soon as it hears of a change, as who waits for it does.
class Waiter final : public JobNewsListener {
  public:
    explicit Waiter(std::function<void(JobId)> look) : look_(std::move(look)) {}
    void on_claimable(const WaitingJob&) override {}
    void on_changed(JobId id) override {
        look_(id);
        const std::lock_guard lock(mutex_);
        ++changes_;
        changed_.notify_all();
    }
    void on_listening() override {
        const std::lock_guard lock(mutex_);
        is_listening_ = true;
        changed_.notify_all();
    }
    void await_listening() {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return is_listening_; }));
    }
    void await(int changes) {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return changes_ >= changes; }));
    }

  private:
    const std::function<void(JobId)> look_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_listening_ = false;  // guarded by mutex_
    int changes_ = 0;            // guarded by mutex_
};

TEST_F(PostgresStandby, WhoIsWokenByNewsSeesWhatTheyAreAbout) {
    Waiter waiter([&](JobId id) { EXPECT_EQ(find(id)->status, JobStatus::failed); });
    const auto news = make_job_news(options_of(config_), "", waiter).value();
    waiter.await_listening();
    for (int i = 1; i <= 60; ++i) {
        if (i == 20) pause_replay();
        if (i == 40) resume_replay();
        finish(create().id);
        waiter.await(i);
    }
}

TEST_F(PostgresStandby, ReadsThatComeAtOnceAreAnsweredToo) {
    std::vector<std::thread> readers;
    std::atomic<bool> is_over = false;
    std::atomic<std::uint64_t> stale = 0;
    std::mutex mutex;
    JobId newest = create().id;  // guarded by mutex
    for (int i = 0; i < 8; ++i) {
        readers.emplace_back([&] {
            while (!is_over) {
                JobId wanted;
                {
                    const std::lock_guard lock(mutex);
                    wanted = newest;
                }
                if (!find(wanted)) ++stale;
            }
        });
    }
    for (int i = 0; i < 200; ++i) {
        const JobId created = create().id;
        const std::lock_guard lock(mutex);
        newest = created;
    }
    is_over = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(stale, 0U);
    EXPECT_GT(reads_->answered_by_standby(), 0U);
}

TEST_F(PostgresStandby, OneThatIsGoneIsDoneWithout) {
    const Job job = create();
    wait_until_trusted(job.id);
    standby_->stop();
    EXPECT_EQ(answered_of(20, job.id), 0U);
    standby_->start_again();
    wait_until_trusted(job.id);
}

TEST_F(PostgresStandby, OneThatIsSilentCostsOneReadItsPatience) {
    const Job job = create();
    wait_until_trusted(job.id);
    standby_->freeze();
    const auto begin = SteadyClock::now();
    EXPECT_EQ(answered_of(20, job.id), 0U);
    EXPECT_LT(SteadyClock::now() - begin, std::chrono::seconds{4});
    standby_->thaw();
    wait_until_trusted(job.id);
}

TEST_F(PostgresStandby, OneThatWasPromotedIsNotBelieved) {
    const Job job = create();
    wait_until_trusted(job.id);
    RawDatabase standby(standby_->url());
    standby.must("SELECT pg_promote()");
    const Job later = create();
    EXPECT_EQ(find(later.id), later) << "it lives a life of its own now";
    EXPECT_EQ(answered_of(20, later.id), 0U);
    EXPECT_EQ(examine_postgres_standby(config_).error().code, ErrorCode::conflict);
}

TEST_F(PostgresStandby, OneOfAnotherDatabaseIsNotBelieved) {
    const Job job = create();
    const TestSchema other(primary_.url());  // the same server, and the same log
    EXPECT_TRUE(make_postgres_migrator(other.config(), clock_).value()->up());
    read_from(other.url_of(standby_->url()));
    EXPECT_EQ(answered_of(5, job.id), 0U);
    read_from(schema_.url());
    EXPECT_EQ(answered_of(5, job.id), 0U) << "the primary itself is no standby";
}

TEST_F(PostgresStandby, IsExamined) {
    EXPECT_EQ(examine_postgres_standby(config_)->behind_bytes, 0U);
    pause_replay();
    static_cast<void>(create());
    const auto paused = examine_postgres_standby(config_);
    ASSERT_TRUE(paused) << paused.error().log_text;
    EXPECT_GT(paused->behind_bytes, 0U);
    EXPECT_TRUE(paused->is_paused);
    resume_replay();
    PostgresConfig wrong = config_;
    wrong.read_url = schema_.url();
    EXPECT_EQ(examine_postgres_standby(wrong).error().code, ErrorCode::conflict) << "it is the primary";
    const TestSchema other(primary_.url());
    EXPECT_TRUE(make_postgres_migrator(other.config(), clock_).value()->up());
    wrong.read_url = other.url_of(standby_->url());
    EXPECT_EQ(examine_postgres_standby(wrong).error().code, ErrorCode::conflict) << "another schema";
    standby_->stop();
    EXPECT_EQ(examine_postgres_standby(config_).error().code, ErrorCode::unavailable);
}

TEST_F(PostgresStandby, TheWholeDatabaseTakesItByItsUrl) {
    const Job job = create();
    wait_until(
        [&] {
            EXPECT_EQ(other_process_->catalog().find_job(default_account(), job.id), job);
            return RawDatabase(standby_->url()).value("SELECT count(*) " + schema_.ours()) != "0";
        },
        "a connection to the standby");
}

TEST(PostgresTrust, OneCallTriesAfterThePause) {
    Trust trust;
    const Trust::SteadyClock::time_point begin{std::chrono::hours{1}};
    EXPECT_TRUE(trust.may_ask(begin));
    trust.note_trouble(Milliseconds{100}, begin);
    EXPECT_FALSE(trust.may_ask(begin + Milliseconds{99}));
    EXPECT_TRUE(trust.may_ask(begin + Milliseconds{100}));
    EXPECT_FALSE(trust.may_ask(begin + Milliseconds{101})) << "one tries it already";
    trust.note_success();
    EXPECT_TRUE(trust.may_ask(begin + Milliseconds{102}));
    EXPECT_TRUE(trust.may_ask(begin + Milliseconds{102}));
}

}  // namespace
}  // namespace safelight::postgres
