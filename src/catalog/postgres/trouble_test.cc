// When connections die, locks are held and transactions collide: a typed error in bounded time, or none at
// all.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>

#include "catalog/postgres/errors.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

class PostgresTrouble : public testing::Test {
  protected:
    PostgresTrouble() : database_(migrate_and_open_postgres_catalog(schema_.config(), clock_).value()) {}

    [[nodiscard]] BlobLedger& ledger() { return database_->ledger(); }
    void open(const PostgresConfig& config) { database_ = open_postgres_catalog(config).value(); }
    [[nodiscard]] Status reserve_one() {
        return ledger().reserve(std::array{ids_.next<BlobKey>()}, clock_.now() + std::chrono::hours{1});
    }
    [[nodiscard]] Result<Job> create() {
        const BlobKey blob = ids_.next<BlobKey>();
        TRY(ledger().reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
        return database_->catalog().create_job(job_of(ids_, blob, clock_.now()));
    }
    [[nodiscard]] Result<Job> add(JobId id, const std::string& name) {
        const std::array wanted{VariantRequest{.name = name, .transform = {}}};
        return database_->catalog().add_variants(default_account(), id, wanted, clock_.now());
    }
    template <class Outcome>
    void expect_error(const Outcome& outcome, ErrorCode code) {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, code) << outcome.error().log_text;
        EXPECT_FALSE(outcome.error().log_text.empty());
        for (const char* inside : {"SQL", "SELECT", "UPDATE", "127.0.0.1", "relation", "FATAL"})
            EXPECT_EQ(outcome.error().public_text.find(inside), std::string::npos);
    }
    void expect_works() {
        const auto created = create();
        ASSERT_TRUE(created) << created.error().log_text;
        EXPECT_TRUE(database_->catalog().find_job(default_account(), created->id));
        EXPECT_TRUE(database_->check());
    }
    /// Ends connections of ours; returns how many.
    std::size_t terminate(const std::string& condition = "true") {
        return admin_.column("SELECT pg_terminate_backend(pid, 10000) " + schema_.ours(condition)).size();
    }
    /// Until so many of our statements wait for a lock.
    void wait_for_waiting(const std::string& count) {
        wait_until([&] { return admin_.value("SELECT count(*) " + schema_.ours(waits_)) == count; },
                   "statements that wait for a lock: " + count);
    }
    void lock_jobs() {
        holder_.must("BEGIN");
        holder_.must("SELECT * FROM jobs FOR UPDATE");
    }

    const std::string waits_ = "wait_event_type = 'Lock'";
    SystemClock clock_;
    IdGenerator ids_{clock_};
    TestSchema schema_;
    RawDatabase admin_{test_server_url()};
    RawDatabase holder_{schema_.url() + "_h"};
    std::unique_ptr<CatalogDatabase> database_;
};

TEST_F(PostgresTrouble, ConnectionsThatDieBetweenCallsAreReplacedUnnoticed) {
    const auto job = create();
    ASSERT_TRUE(job);
    for (int round = 0; round < 5; ++round) {
        EXPECT_GE(terminate(), 1U);
        EXPECT_TRUE(reserve_one()) << "a statement by itself";
        EXPECT_GE(terminate(), 1U);
        EXPECT_TRUE(create()) << "and transactions";
        EXPECT_GE(terminate(), 1U);
        EXPECT_TRUE(database_->catalog().find_job(default_account(), job->id)) << "and reads";
        EXPECT_GE(terminate(), 1U);
        EXPECT_TRUE(database_->check());
    }
}

TEST_F(PostgresTrouble, ATransactionThatDiesBeforeItsCommitIsRunAgainOnce) {
    const auto job = create();
    ASSERT_TRUE(job);
    lock_jobs();
    Result<Job> added;
    std::thread caller([&] { added = add(job->id, "c"); });
    wait_for_waiting("1");
    EXPECT_EQ(terminate(waits_), 1U);
    wait_for_waiting("1");  // the second run
    holder_.must("ROLLBACK");
    caller.join();
    ASSERT_TRUE(added) << added.error().log_text;
    EXPECT_EQ(added->image.variants.size(), 3U);
    EXPECT_EQ(database_->catalog().find_job(default_account(), job->id)->image.variants.size(), 3U);
}

TEST_F(PostgresTrouble, ATransactionThatDiesTwiceIsUnavailable) {
    const auto job = create();
    ASSERT_TRUE(job);
    lock_jobs();
    Result<Job> added;
    std::thread caller([&] { added = add(job->id, "c"); });
    wait_for_waiting("1");
    EXPECT_EQ(terminate(waits_), 1U);
    wait_for_waiting("1");
    EXPECT_EQ(terminate(waits_), 1U);
    caller.join();
    holder_.must("ROLLBACK");
    expect_error(added, ErrorCode::unavailable);
    EXPECT_EQ(database_->catalog().find_job(default_account(), job->id), *job) << "nothing was done";
    expect_works();
}

TEST_F(PostgresTrouble, AStatementByItselfIsNotRunAgain) {
    const auto job = create();
    ASSERT_TRUE(job);
    const auto claim = database_->claims().claim(job->id, Milliseconds{60'000}, clock_.now());
    ASSERT_TRUE(claim && *claim);
    lock_jobs();
    Status released;
    std::thread caller([&] {
        released = database_->claims().release(job->id, (*claim)->attempt, clock_.now(), true, clock_.now());
    });
    wait_for_waiting("1");
    EXPECT_EQ(terminate(waits_), 1U);
    caller.join();
    holder_.must("ROLLBACK");
    expect_error(released, ErrorCode::unavailable);
    EXPECT_TRUE(database_->claims().release(job->id, (*claim)->attempt, clock_.now(), true, clock_.now()))
        << "it was not carried out, and can be asked for again";
}

TEST_F(PostgresTrouble, NobodyRunsACommitAgainWhoseAnswerWasLost) {
    // The deferred trigger makes COMMIT itself wait, and counts in a sequence, which no rollback takes back.
    admin_.must("SET search_path = " + schema_.name());
    admin_.must("CREATE SEQUENCE runs");
    admin_.must(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('runs');"
        " PERFORM pg_advisory_xact_lock(hashtext(TG_TABLE_SCHEMA)); RETURN NULL; END $$");
    admin_.must(
        "CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON images DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION dawdle()");
    holder_.must("BEGIN");
    holder_.must("SELECT pg_advisory_xact_lock(hashtext('" + schema_.name() + "'))");
    Result<Job> created;
    std::thread caller([&] { created = create(); });
    wait_for_waiting("1");
    EXPECT_EQ(admin_.value("SELECT query " + schema_.ours(waits_)), "COMMIT");
    EXPECT_EQ(terminate(waits_), 1U);
    caller.join();
    holder_.must("ROLLBACK");
    expect_error(created, ErrorCode::unavailable);
    EXPECT_EQ(admin_.value("SELECT last_value FROM runs"), "1");
    EXPECT_TRUE(create());
}

TEST_F(PostgresTrouble, ALockThatIsHeldTooLongIsUnavailableInBoundedTime) {
    const auto job = create();
    ASSERT_TRUE(job);
    PostgresConfig config = schema_.config();
    config.lock_timeout = Milliseconds{100};
    open(config);
    lock_jobs();
    const auto before = SteadyClock::now();
    expect_error(add(job->id, "c"), ErrorCode::unavailable);
    EXPECT_LT(SteadyClock::now() - before, std::chrono::seconds{3});
    EXPECT_TRUE(database_->catalog().find_job(default_account(), job->id)) << "reads wait for no lock";
    const auto claim = database_->claims().claim(job->id, Milliseconds{1'000}, clock_.now());
    ASSERT_TRUE(claim) << "nor do claims";
    EXPECT_FALSE(*claim);
    holder_.must("ROLLBACK");
    EXPECT_TRUE(add(job->id, "c"));
}

TEST_F(PostgresTrouble, AStatementThatTakesTooLongIsUnavailableInBoundedTime) {
    const auto job = create();
    ASSERT_TRUE(job);
    PostgresConfig config = schema_.config();
    config.statement_timeout = Milliseconds{100};
    open(config);
    lock_jobs();
    const auto before = SteadyClock::now();
    expect_error(add(job->id, "c"), ErrorCode::unavailable);
    EXPECT_LT(SteadyClock::now() - before, std::chrono::seconds{3});
    holder_.must("ROLLBACK");
    expect_works();
}

TEST_F(PostgresTrouble, WhoGetsNoConnectionIsToldSoInBoundedTime) {
    const auto job = create();
    ASSERT_TRUE(job);
    PostgresConfig config = schema_.config();
    config.connections = 1;
    config.pool_timeout = Milliseconds{50};
    open(config);
    lock_jobs();
    Result<Job> added;
    std::thread caller([&] { added = add(job->id, "c"); });
    wait_for_waiting("1");
    const auto before = SteadyClock::now();
    expect_error(database_->catalog().find_job(default_account(), job->id), ErrorCode::unavailable);
    EXPECT_LT(SteadyClock::now() - before, std::chrono::seconds{3});
    holder_.must("ROLLBACK");
    caller.join();
    EXPECT_TRUE(added);
    expect_works();
}

TEST_F(PostgresTrouble, ADeadlockIsTriedAgain) {
    const auto job = create();
    ASSERT_TRUE(job);
    // We find the deadlock first, and so it is us who are rolled back.
    PostgresConfig config = schema_.config();
    config.url = schema_.url();
    config.url.insert(config.url.find("&application_name"), "%20-cdeadlock_timeout%3D20");
    open(config);
    holder_.must("SET deadlock_timeout = '60s'");
    holder_.must("BEGIN");
    holder_.must("SELECT * FROM images FOR UPDATE");
    Result<Deletion> deleted;
    std::thread caller(
        [&] { deleted = database_->catalog().delete_job(default_account(), job->id, clock_.now()); });
    wait_for_waiting("1");  // it has the job, and wants the image
    holder_.must("UPDATE jobs SET updated_at = updated_at + 1");
    holder_.must("COMMIT");
    caller.join();
    ASSERT_TRUE(deleted) << deleted.error().log_text;
    EXPECT_EQ(admin_.value("SELECT count(*) FROM " + schema_.name() + ".jobs"), "0");
}

TEST_F(PostgresTrouble, AFullDiskIsStorageFull) {
    admin_.must("SET search_path = " + schema_.name());
    admin_.must(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$");
    admin_.must("CREATE TRIGGER full_disk BEFORE INSERT ON blobs EXECUTE FUNCTION full_disk()");
    expect_error(reserve_one(), ErrorCode::storage_full);
    admin_.must("DROP TRIGGER full_disk ON blobs");
    expect_works();
}

TEST_F(PostgresTrouble, ASchemaThatIsChangedUnderneathIsNoticed) {
    const auto job = create();
    ASSERT_TRUE(job);
    ASSERT_TRUE(ledger().entries(std::nullopt, 10));
    admin_.must("ALTER TABLE " + schema_.name() + ".blobs ALTER COLUMN deadline TYPE numeric");
    admin_.must("ALTER TABLE " + schema_.name() + ".blobs ALTER COLUMN deadline TYPE bigint");
    EXPECT_TRUE(ledger().entries(std::nullopt, 10));
    expect_works();
}

TEST_F(PostgresTrouble, PreparedStatementsThatWereTakenAwayAreMadeAgain) {
    const auto job = create();
    ASSERT_TRUE(job);
    ASSERT_TRUE(database_->catalog().find_job(default_account(), job->id));
    // As a pooler does that does not keep sessions: here, by a statement of the same name that does it.
    PostgresConfig config = schema_.config();
    config.connections = 1;
    open(config);
    expect_works();
    admin_.must("SET search_path = " + schema_.name());
    admin_.must(
        "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DEALLOCATE ALL; RETURN NULL; "
        "END $$");
    admin_.must("CREATE TRIGGER forget AFTER INSERT ON blobs EXECUTE FUNCTION forget()");
    ASSERT_TRUE(reserve_one());
    EXPECT_TRUE(database_->catalog().find_job(default_account(), job->id));
    ASSERT_TRUE(reserve_one());
    EXPECT_TRUE(add(job->id, "c"));
}

TEST_F(PostgresTrouble, WhatStatesMean) {
    EXPECT_EQ(meaning_of(""), ErrorCode::unavailable) << "the connection died";
    EXPECT_EQ(meaning_of("23505"), ErrorCode::conflict);
    EXPECT_EQ(meaning_of("53100"), ErrorCode::storage_full);
    for (const char* state : {"08006", "28P01", "3D000", "40001", "40P01", "53300", "57014", "57P01", "57P03",
                              "58030", "55P03", "25006", "XX001"})
        EXPECT_EQ(meaning_of(state), ErrorCode::unavailable) << state;
    for (const char* state : {"23514", "23503", "42P01", "42601", "22P02", "XX000"})
        EXPECT_EQ(meaning_of(state), ErrorCode::internal) << state;
    EXPECT_TRUE(is_worth_repeating("40001"));
    EXPECT_TRUE(is_worth_repeating("40P01"));
    EXPECT_FALSE(is_worth_repeating("57P01"));
}

}  // namespace
}  // namespace safelight::postgres
