#include <sys/stat.h>

#include <filesystem>
#include <latch>
#include <thread>

#include "catalog/sqlite/sqlite_catalog.h"
#include "catalog/sqlite/test_files.h"

namespace safelight::sqlite {
namespace {

class SqliteMigrations : public testing::Test {
  protected:
    [[nodiscard]] SqliteConfig config() const {
        SqliteConfig config;
        config.path = folder_.file();
        return config;
    }
    [[nodiscard]] std::unique_ptr<Migrator> migrator() {
        return make_sqlite_migrator(config(), clock_).value();
    }
    [[nodiscard]] std::string schema() {
        std::string all;
        for (const auto& sql :
             RawDatabase(folder_.file()).column("SELECT sql FROM sqlite_schema ORDER BY name")) {
            all += sql + "\n";
        }
        return all;
    }

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    DatabaseFolder folder_;
};

TEST_F(SqliteMigrations, UpDownAndUpAgain) {
    const auto status = migrator()->status();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->version, 0U);
    ASSERT_GE(status->newest_version, 1U);
    ASSERT_EQ(status->pending.size(), status->newest_version);
    EXPECT_EQ(status->pending.front(), "0001_initial");

    EXPECT_EQ(migrator()->up(), status->pending);
    const std::string schema_after = schema();
    EXPECT_EQ(migrator()->up(), std::vector<std::string>{}) << "nothing is left to do";
    const auto after = migrator()->status();
    EXPECT_EQ(after->version, after->newest_version);
    EXPECT_TRUE(after->pending.empty());
    EXPECT_TRUE(open_sqlite_catalog(config()));
    EXPECT_EQ(RawDatabase(folder_.file()).value("SELECT applied_at FROM schema_migrations WHERE version = 1"),
              "1795000000000");

    const auto undone = migrator()->down(100);
    ASSERT_TRUE(undone);
    EXPECT_EQ(undone->size(), status->newest_version);
    EXPECT_EQ(undone->back(), "0001_initial");
    EXPECT_EQ(migrator()->status()->version, 0U);
    EXPECT_EQ(
        RawDatabase(folder_.file()).column("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"),
        std::vector<std::string>{"schema_migrations"});

    EXPECT_EQ(migrator()->up(), status->pending);
    EXPECT_EQ(schema(), schema_after);
}

TEST_F(SqliteMigrations, DownTakesSoManySteps) {
    ASSERT_TRUE(migrator()->up());
    EXPECT_EQ(migrator()->down(0), std::vector<std::string>{});
    EXPECT_EQ(migrator()->down(1)->size(), 1U);
    EXPECT_EQ(migrator()->down(0), std::vector<std::string>{});
}

TEST_F(SqliteMigrations, ADatabaseThatIsNotMigratedIsRefused) {
    ASSERT_TRUE(migrator()->status());  // creates the file
    const auto opened = open_sqlite_catalog(config());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_NE(opened.error().public_text.find("safelight migrate up"), std::string::npos);
}

TEST_F(SqliteMigrations, ANewerDatabaseIsRefusedAndLeftAlone) {
    ASSERT_TRUE(migrator()->up());
    RawDatabase(folder_.file()).must("INSERT INTO schema_migrations VALUES (9999, '9999_future', 0)");
    const std::string before = schema();
    const auto opened = open_sqlite_catalog(config());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_NE(opened.error().public_text.find("9999"), std::string::npos);
    EXPECT_EQ(migrator()->status().error().code, ErrorCode::conflict);
    EXPECT_EQ(migrator()->up().error().code, ErrorCode::conflict);
    EXPECT_EQ(migrator()->down(1).error().code, ErrorCode::conflict);
    EXPECT_EQ(migrate_and_open_sqlite_catalog(config(), clock_).error().code, ErrorCode::conflict);
    EXPECT_EQ(schema(), before);
}

/// What `count` migrators report that start at once on a database that does not exist yet.
std::vector<Result<std::vector<std::string>>> migrate_at_once(const SqliteConfig& config, const Clock& clock,
                                                              std::size_t count) {
    std::latch start{static_cast<std::ptrdiff_t>(count)};
    std::vector<Result<std::vector<std::string>>> outcomes(count);
    std::vector<std::thread> threads;
    for (auto& outcome : outcomes) {
        threads.emplace_back([&] {
            start.arrive_and_wait();
            auto mine = make_sqlite_migrator(config, clock);
            outcome = mine ? (*mine)->up() : std::unexpected(mine.error());
        });
    }
    for (std::thread& thread : threads) thread.join();
    return outcomes;
}

TEST_F(SqliteMigrations, SeveralMayMigrateAtOnce) {
    // Who comes second meets another state of the new file each time.
    for (int round = 0; round < 20; ++round) {
        const DatabaseFolder folder;
        SqliteConfig config;
        config.path = folder.file();
        std::size_t applied = 0;
        for (const auto& outcome : migrate_at_once(config, clock_, 6)) {
            ASSERT_TRUE(outcome) << outcome.error().log_text;
            applied += outcome->size();
        }
        EXPECT_EQ(applied, make_sqlite_migrator(config, clock_).value()->status()->newest_version)
            << "each is applied once";
    }
}

TEST_F(SqliteMigrations, AFailingMigrationLeavesNothingHalf) {
    ASSERT_TRUE(migrator()->status());
    RawDatabase(folder_.file()).must("CREATE TABLE totals (x)");  // in the way of 0001
    const auto failed = migrator()->up();
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().log_text.find("totals"), std::string::npos) << failed.error().log_text;
    EXPECT_EQ(migrator()->status()->version, 0U);
    EXPECT_EQ(RawDatabase(folder_.file()).value("SELECT count(*) FROM sqlite_schema WHERE name = 'jobs'"),
              "0");
    RawDatabase(folder_.file()).must("DROP TABLE totals");
    EXPECT_TRUE(migrator()->up());
}

TEST_F(SqliteMigrations, FilesAreTheOwnersAlone) {
    const auto database = migrate_and_open_sqlite_catalog(config(), clock_);
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->check());
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
        struct stat status{};
        ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600U) << entry.path();
        ++files;
    }
    EXPECT_EQ(files, 3) << "the database, its log and its shared index";
}

TEST_F(SqliteMigrations, AFolderThatIsMissingIsReported) {
    SqliteConfig missing = config();
    missing.path = (folder_.path() / "none" / "catalog.db").string();
    EXPECT_EQ(make_sqlite_migrator(missing, clock_).error().code, ErrorCode::unavailable);
    EXPECT_EQ(open_sqlite_catalog(missing).error().code, ErrorCode::unavailable);
}

TEST_F(SqliteMigrations, BadConfigurationNamesEachFault) {
    SqliteConfig bad;
    bad.readers = 0;
    bad.busy_timeout = Milliseconds{0};
    bad.check_timeout = Milliseconds{600'001};
    bad.write_queue_max = 0;
    bad.writer_cache_kib = 1;
    bad.reader_cache_kib = 1;
    bad.checkpoint_pages = 0;
    const auto opened = open_sqlite_catalog(bad);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(opened.error().faults.size(), 8U);
    EXPECT_TRUE(config().validate());
}

}  // namespace
}  // namespace safelight::sqlite
