#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

class PostgresMigrations : public testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<Migrator> migrator() {
        return make_postgres_migrator(schema_.config(), clock_).value();
    }
    /// Everything that is in the schema, by kind and name, and what its columns and constraints say.
    [[nodiscard]] std::string contents() {
        const std::string here = "(SELECT oid FROM pg_namespace WHERE nspname = '" + schema_.name() + "')";
        std::string all;
        for (const auto& line : raw_.column(
                 "SELECT relkind::text || relname::text FROM pg_class"
                 " WHERE relkind <> 'i' AND relnamespace = " +
                 here +
                 " UNION ALL SELECT pg_get_indexdef(oid) FROM pg_class WHERE relkind = 'i' AND relnamespace "
                 "= " +
                 here +
                 " UNION ALL SELECT attname || format_type(atttypid, atttypmod) || attnotnull::text FROM "
                 "pg_attribute"
                 " JOIN pg_class ON pg_class.oid = attrelid WHERE attnum > 0 AND relkind = 'r' AND "
                 "relnamespace = " +
                 here +
                 " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE "
                 "connamespace = " +
                 here +
                 " UNION ALL SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_class ON "
                 "pg_class.oid = tgrelid"
                 " WHERE NOT tgisinternal AND relnamespace = " +
                 here + " UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = " + here +
                 " ORDER BY 1")) {
            all += line + "\n";
        }
        return all;
    }
    [[nodiscard]] std::vector<std::string> names() {
        return raw_.column(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE nspname = '" +
            schema_.name() +
            "' AND relkind <> 'i'"
            " UNION ALL SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace"
            " WHERE nspname = '" +
            schema_.name() + "'");
    }

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    TestSchema schema_;
    RawDatabase raw_{schema_.url()};
};

TEST_F(PostgresMigrations, UpDownAndUpAgain) {
    const auto status = migrator()->status();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->version, 0U);
    ASSERT_GE(status->newest_version, 1U);
    ASSERT_EQ(status->pending.size(), status->newest_version);
    EXPECT_EQ(status->pending.front(), "0001_initial");
    EXPECT_TRUE(names().empty()) << "asking makes nothing";

    EXPECT_EQ(migrator()->up(), status->pending);
    const std::string contents_after = contents();
    EXPECT_EQ(migrator()->up(), std::vector<std::string>{}) << "nothing is left to do";
    const auto after = migrator()->status();
    EXPECT_EQ(after->version, after->newest_version);
    EXPECT_TRUE(after->pending.empty());
    EXPECT_TRUE(open_postgres_catalog(schema_.config()));
    EXPECT_EQ(raw_.value("SELECT applied_at FROM schema_migrations WHERE version = 1"), "1795000000000");

    const auto undone = migrator()->down(100);
    ASSERT_TRUE(undone) << undone.error().log_text;
    EXPECT_EQ(undone->size(), status->newest_version);
    EXPECT_EQ(undone->back(), "0001_initial");
    EXPECT_EQ(migrator()->status()->version, 0U);
    EXPECT_EQ(names(), std::vector<std::string>{"schema_migrations"});

    EXPECT_EQ(migrator()->up(), status->pending);
    EXPECT_EQ(contents(), contents_after);
}

TEST_F(PostgresMigrations, DownTakesSoManySteps) {
    ASSERT_TRUE(migrator()->up());
    EXPECT_EQ(migrator()->down(0), std::vector<std::string>{});
    EXPECT_EQ(migrator()->down(1)->size(), 1U);
    EXPECT_EQ(migrator()->down(0), std::vector<std::string>{});
}

TEST_F(PostgresMigrations, ADatabaseThatIsNotMigratedIsRefused) {
    const auto opened = open_postgres_catalog(schema_.config());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_NE(opened.error().public_text.find("safelight migrate up"), std::string::npos);
}

TEST_F(PostgresMigrations, ANewerDatabaseIsRefusedAndLeftAlone) {
    ASSERT_TRUE(migrator()->up());
    raw_.must("INSERT INTO schema_migrations VALUES (9999, '9999_future', 0)");
    const std::string before = contents();
    const auto opened = open_postgres_catalog(schema_.config());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_NE(opened.error().public_text.find("9999"), std::string::npos);
    EXPECT_EQ(migrator()->status().error().code, ErrorCode::conflict);
    EXPECT_EQ(migrator()->up().error().code, ErrorCode::conflict);
    EXPECT_EQ(migrator()->down(1).error().code, ErrorCode::conflict);
    EXPECT_EQ(migrate_and_open_postgres_catalog(schema_.config(), clock_).error().code, ErrorCode::conflict);
    EXPECT_EQ(contents(), before);
}

TEST_F(PostgresMigrations, SeveralMayMigrateAtOnce) {
    constexpr std::size_t count = 6;
    for (int round = 0; round < 5; ++round) {
        const TestSchema schema;
        std::latch start{count};
        std::vector<Result<std::vector<std::string>>> outcomes(count);
        std::vector<std::thread> threads;
        for (auto& outcome : outcomes) {
            threads.emplace_back([&] {
                start.arrive_and_wait();
                auto mine = make_postgres_migrator(schema.config(), clock_);
                outcome = mine ? (*mine)->up() : std::unexpected(mine.error());
            });
        }
        for (std::thread& thread : threads) thread.join();
        std::size_t applied = 0;
        for (const auto& outcome : outcomes) {
            ASSERT_TRUE(outcome) << outcome.error().log_text;
            applied += outcome->size();
        }
        EXPECT_EQ(applied, make_postgres_migrator(schema.config(), clock_).value()->status()->newest_version)
            << "each is applied once";
    }
}

TEST_F(PostgresMigrations, AFailingMigrationLeavesNothingHalf) {
    raw_.must("CREATE TABLE totals (x integer)");  // in the way of 0001
    const auto failed = migrator()->up();
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().log_text.find("totals"), std::string::npos) << failed.error().log_text;
    EXPECT_EQ(failed.error().public_text.find("totals"), std::string::npos);
    EXPECT_EQ(migrator()->status()->version, 0U);
    EXPECT_EQ(names(), std::vector<std::string>{"totals"});
    raw_.must("DROP TABLE totals");
    EXPECT_TRUE(migrator()->up());
}

TEST_F(PostgresMigrations, AMigrationWaitsForTheOther) {
    raw_.must("BEGIN");
    raw_.must(
        "SELECT pg_advisory_xact_lock(hashtextextended('safelight migrations of ' || current_schema(), 0))");
    Result<std::vector<std::string>> outcome;
    std::thread other([&] { outcome = migrator()->up(); });
    RawDatabase watcher(test_server_url());
    wait_until(
        [&] { return watcher.value("SELECT count(*) " + schema_.ours("wait_event = 'advisory'")) == "1"; },
        "a migration that waits");
    raw_.must("ROLLBACK");
    other.join();
    ASSERT_TRUE(outcome) << outcome.error().log_text;
    EXPECT_FALSE(outcome->empty());
}

TEST_F(PostgresMigrations, AServerThatIsNotThereIsUnavailable) {
    PostgresConfig config;
    config.url = "postgresql://nobody:secret@127.0.0.1:1/none";
    for (const Error& error :
         {make_postgres_migrator(config, clock_).error(), open_postgres_catalog(config).error()}) {
        EXPECT_EQ(error.code, ErrorCode::unavailable);
        EXPECT_EQ(error.log_text.find("secret"), std::string::npos) << error.log_text;
        EXPECT_EQ(error.public_text.find("127.0.0.1"), std::string::npos);
    }
}

TEST_F(PostgresMigrations, BadConfigurationNamesEachFault) {
    PostgresConfig bad;
    bad.url = "postgressql://user:secret@host/database";
    bad.read_url = "secret";
    bad.connections = 0;
    bad.connect_timeout = Milliseconds{1'999};
    bad.pool_timeout = bad.lock_timeout = bad.check_timeout = Milliseconds{0};
    bad.statement_timeout = Milliseconds{9};
    bad.migration_timeout = Milliseconds{3'600'001};
    const auto opened = open_postgres_catalog(bad);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(opened.error().faults.size(), 9U);
    for (const Fault& fault : opened.error().faults)
        EXPECT_EQ(fault.detail.find("secret"), std::string::npos) << fault.detail;
    EXPECT_TRUE(schema_.config().validate());
}

}  // namespace
}  // namespace safelight::postgres
