// What only a server can do wrong; the rest is in the suite of every schema.
#include <gtest/gtest.h>

#include <thread>

#include "catalog/postgres/migrations.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"
#include "catalog/sql/testing/declared_migrations.h"

namespace safelight::postgres {
namespace {

class PostgresMigrations : public testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<Migrator> migrator() {
        return make_postgres_migrator(schema_.config(), clock_).value();
    }

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    TestSchema schema_;
    RawDatabase raw_{schema_.url()};
};

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

TEST_F(PostgresMigrations, NoteWhoCanWorkWithTheSchema) {
    expect_compatibility_is_noted([this] { return open_schema(schema_.config()); });
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
