// A whole server that freezes, dies or turns read-only; it belongs to the test.
#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/own_server.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

class PostgresOutage : public testing::Test {
  protected:
    PostgresOutage() {
        config_ = schema_.config();
        config_.statement_timeout = config_.lock_timeout = Milliseconds{1'000};
        config_.check_timeout = Milliseconds{500};
        database_ = migrate_and_open_postgres_catalog(config_, clock_).value();
    }

    [[nodiscard]] Result<Job> create() {
        const BlobKey blob = ids_.next<BlobKey>();
        TRY(database_->ledger().reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
        return database_->catalog().create_job(job_of(ids_, blob, clock_.now()));
    }
    template <class Work>
    void expect_unavailable_within(Milliseconds time, Work&& work) {
        const auto before = SteadyClock::now();
        const auto outcome = work();
        EXPECT_LT(SteadyClock::now() - before, time);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, ErrorCode::unavailable) << outcome.error().log_text;
        EXPECT_EQ(outcome.error().public_text, "The catalog cannot be reached at the moment.");
    }
    void expect_works() {
        const auto created = create();
        ASSERT_TRUE(created) << created.error().log_text;
        EXPECT_TRUE(database_->catalog().find_job(default_account(), created->id));
        EXPECT_TRUE(database_->check());
    }

    OwnServer server_;
    SystemClock clock_;
    IdGenerator ids_{clock_};
    TestSchema schema_{server_.url()};
    PostgresConfig config_;
    std::unique_ptr<CatalogDatabase> database_;
};

TEST_F(PostgresOutage, AFrozenServerIsUnavailableWithinTheTimeout) {
    const auto job = create();
    ASSERT_TRUE(job);
    server_.freeze();
    // One statement's time and its grace on the connection that is open, and then the time to connect. On a
    // loaded machine everything takes a little longer.
    expect_unavailable_within(Milliseconds{1'500 + 1'000}, [&] { return create(); });
    expect_unavailable_within(Milliseconds{2'000 + 1'000},
                              [&] { return database_->catalog().find_job(default_account(), job->id); });
    expect_unavailable_within(Milliseconds{2'000 + 1'000}, [&] { return database_->check(); });
    server_.thaw();
    EXPECT_EQ(database_->catalog().find_job(default_account(), job->id), *job);
    expect_works();
}

TEST_F(PostgresOutage, CheckHasATimeoutOfItsOwn) {
    ASSERT_TRUE(database_->check());
    server_.freeze();
    expect_unavailable_within(Milliseconds{500 + 900}, [&] { return database_->check(); });
    server_.thaw();
    expect_works();
}

TEST_F(PostgresOutage, AServerThatDiesLosesNothingAcknowledged) {
    std::vector<JobId> acknowledged;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 5; ++i) {
            const auto job = create();
            ASSERT_TRUE(job) << job.error().log_text;
            acknowledged.push_back(job->id);
        }
        server_.stop();
        expect_unavailable_within(Milliseconds{2'000}, [&] { return create(); });
        expect_unavailable_within(Milliseconds{2'000}, [&] { return database_->check(); });
        server_.start_again();
        for (const JobId id : acknowledged) {
            const auto job = database_->catalog().find_job(default_account(), id);
            ASSERT_TRUE(job) << job.error().log_text;
            EXPECT_EQ(job->image.variants.size(), 2U);
        }
        EXPECT_EQ(database_->claims().backlog().value(), acknowledged.size());
    }
    expect_works();
}

TEST_F(PostgresOutage, AServerThatTurnsReadOnlyIsUnavailableForWrites) {
    const auto job = create();
    ASSERT_TRUE(job);
    RawDatabase admin(server_.url());
    admin.must("ALTER SYSTEM SET default_transaction_read_only = on");
    admin.must("SELECT pg_reload_conf()");
    RawDatabase watcher(server_.url());
    wait_until([&] { return watcher.value("SHOW default_transaction_read_only") == "on"; }, "read-only");
    expect_unavailable_within(Milliseconds{2'000}, [&] { return create(); });
    expect_unavailable_within(Milliseconds{2'000}, [&] { return database_->check(); });
    admin.must("SET default_transaction_read_only = off");
    admin.must("ALTER SYSTEM RESET default_transaction_read_only");
    admin.must("SELECT pg_reload_conf()");
    wait_until(
        [&] { return RawDatabase(server_.url()).value("SHOW default_transaction_read_only") == "off"; },
        "writable");
    expect_works();
}

TEST_F(PostgresOutage, AnotherEncodingIsRefused) {
    RawDatabase admin(server_.url());
    admin.must("CREATE DATABASE old ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    PostgresConfig config;
    config.url = server_.url();
    config.url.replace(config.url.rfind('/'), std::string::npos, "/old");
    const auto opened = open_postgres_catalog(config);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_NE(opened.error().public_text.find("UTF8"), std::string::npos);
}

}  // namespace
}  // namespace safelight::postgres
