// Reads at a hot standby: never behind this process's own writes, and never worse off than without one.
#include <gtest/gtest.h>

#include <array>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/migrations.h"
#include "catalog/postgres/testing/own_server.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

class PostgresStandby : public testing::Test {
  protected:
    PostgresStandby() {
        const SystemClock clock;
        EXPECT_TRUE(make_postgres_migrator(config_, clock).value()->up());
        standby_.emplace(primary_.url());
        ConnectionOptions options = options_of(config_);
        pool_ = std::make_unique<Pool>(Pool::Options{.connection = options, .tracks_position = true});
        options.url = schema_.url_of(standby_->url());
        options.writes = false;
        reads_ =
            std::make_unique<Reads>(*pool_, std::make_unique<Pool>(Pool::Options{.connection = options}));
        catalog_ = make_jobs(*pool_, *reads_);
        ledger_ = make_ledger(*pool_);
    }

    Job create() {
        const BlobKey blob = ids_.next<BlobKey>();
        EXPECT_TRUE(ledger_->reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
        return catalog_->create_job(job_of(ids_, blob, clock_.now())).value();
    }
    void wait_until_replayed() {
        RawDatabase primary(primary_.url());
        RawDatabase standby(standby_->url());
        const std::string position = primary.value("SELECT pg_current_wal_flush_lsn()");
        wait_until(
            [&] { return standby.value("SELECT pg_last_wal_replay_lsn() >= '" + position + "'") == "t"; },
            "a standby that has caught up");
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    OwnServer primary_;
    TestSchema schema_{primary_.url()};
    PostgresConfig config_ = schema_.config();
    std::optional<OwnServer> standby_;
    std::unique_ptr<Pool> pool_;
    std::unique_ptr<Reads> reads_;
    std::unique_ptr<Catalog> catalog_;
    std::unique_ptr<BlobLedger> ledger_;
};

TEST_F(PostgresStandby, ReadsGoThereWhenItHasCaughtUp) {
    const Job job = create();
    wait_until_replayed();
    EXPECT_EQ(catalog_->find_job(default_account(), job.id), job);
    EXPECT_EQ(catalog_->find_image(default_account(), job.image.id), job.image);
    EXPECT_EQ(catalog_->list_jobs({.owner = default_account()})->items, std::vector{job});
    EXPECT_EQ(catalog_->list_images({.owner = default_account()})->items, std::vector{job.image});
    EXPECT_EQ(reads_->caught_up_count(), 4U);
}

TEST_F(PostgresStandby, OnesOwnWriteIsSeenWhileTheStandbyIsBehind) {
    const Job first = create();
    wait_until_replayed();
    RawDatabase standby(standby_->url());
    standby.must("SELECT pg_wal_replay_pause()");
    wait_until([&] { return standby.value("SELECT pg_get_wal_replay_pause_state()") == "paused"; }, "paused");
    for (int i = 0; i < 10; ++i) {
        const Job job = create();
        EXPECT_EQ(catalog_->find_job(default_account(), job.id), job);
        EXPECT_EQ(catalog_->list_jobs({.owner = default_account()})->items.front(), job);
        ASSERT_TRUE(catalog_->delete_job(default_account(), job.id, clock_.now()));
        EXPECT_EQ(catalog_->find_job(default_account(), job.id).error().code, ErrorCode::not_found);
    }
    EXPECT_EQ(reads_->caught_up_count(), 0U);
    standby.must("SELECT pg_wal_replay_resume()");
    wait_until_replayed();
    EXPECT_EQ(catalog_->find_job(default_account(), first.id), first);
    EXPECT_EQ(reads_->caught_up_count(), 1U);
}

TEST_F(PostgresStandby, WhatAnotherProcessHasJustMadeIsFound) {
    RawDatabase standby(standby_->url());
    wait_until_replayed();
    standby.must("SELECT pg_wal_replay_pause()");
    wait_until([&] { return standby.value("SELECT pg_get_wal_replay_pause_state()") == "paused"; }, "paused");
    const auto other = open_postgres_catalog(config_).value();
    const BlobKey blob = ids_.next<BlobKey>();
    ASSERT_TRUE(other->ledger().reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
    const Job job = other->catalog().create_job(job_of(ids_, blob, clock_.now())).value();
    EXPECT_EQ(catalog_->find_job(default_account(), job.id), job);
    EXPECT_EQ(reads_->caught_up_count(), 1U) << "the standby was asked, and did not have it";
}

TEST_F(PostgresStandby, AStandbyThatIsGoneIsDoneWithout) {
    const Job job = create();
    wait_until_replayed();
    EXPECT_EQ(catalog_->find_job(default_account(), job.id), job);
    standby_->stop();
    EXPECT_EQ(catalog_->find_job(default_account(), job.id), job);
    EXPECT_EQ(catalog_->find_job(default_account(), job.id), job);
    EXPECT_EQ(reads_->caught_up_count(), 1U);
}

TEST_F(PostgresStandby, TheWholeDatabaseTakesItByItsUrl) {
    config_.read_url = schema_.url_of(standby_->url());
    const auto database = open_postgres_catalog(config_).value();
    const Job job = create();
    wait_until_replayed();
    EXPECT_EQ(database->catalog().find_job(default_account(), job.id), job);
    EXPECT_NE(RawDatabase(standby_->url()).value("SELECT count(*) " + schema_.ours()), "0");
}

}  // namespace
}  // namespace safelight::postgres
