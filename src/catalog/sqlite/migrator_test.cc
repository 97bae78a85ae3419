// What only a file can do wrong; the rest is in the suite of every schema.
#include <sys/stat.h>

#include <filesystem>

#include "catalog/sql/testing/declared_migrations.h"
#include "catalog/sqlite/migrations.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "catalog/sqlite/test_files.h"

namespace safelight::sqlite {
namespace {

class SqliteMigrations : public testing::Test {
  protected:
    [[nodiscard]] SqliteConfig config() const { return config_of(folder_); }

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    DatabaseFolder folder_;
};

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

TEST_F(SqliteMigrations, NoteWhoCanWorkWithTheSchema) {
    expect_compatibility_is_noted([this] { return open_schema(config()); });
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
