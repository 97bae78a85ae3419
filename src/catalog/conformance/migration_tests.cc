// The schema goes up and down version by version, also when several begin at once.
#include <cstddef>
#include <latch>
#include <thread>

#include "catalog/conformance/schema_suite.h"

namespace safelight {
namespace {

/// As a program would note it that knows more than this one.
std::string newer_migration(int version, const std::string& compatible_from) {
    return "INSERT INTO schema_migrations (version, name, applied_at, compatible_from) VALUES (" +
           std::to_string(version) + ", '9999_future', 0, " + compatible_from + ")";
}

TEST_P(MigrationConformance, UpDownAndUpAgain) {
    const auto status = migrator()->status();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->version, 0U);
    ASSERT_GE(status->newest_version, 1U);
    ASSERT_EQ(status->pending.size(), status->newest_version);
    EXPECT_EQ(status->pending.front(), "0001_initial");
    EXPECT_TRUE(under_test_->names().empty()) << "asking makes nothing";

    EXPECT_EQ(migrator()->up(), status->pending);
    const std::string contents = under_test_->contents();
    EXPECT_EQ(migrator()->up(), std::vector<std::string>{}) << "nothing is left to do";
    const auto after = migrator()->status();
    EXPECT_EQ(after->version, after->newest_version);
    EXPECT_TRUE(after->pending.empty());
    EXPECT_TRUE(under_test_->open());
    EXPECT_EQ(under_test_->value("SELECT applied_at FROM schema_migrations WHERE version = 1"),
              "1795000000000");

    const auto undone = migrator()->down(100);
    ASSERT_TRUE(undone) << undone.error().log_text;
    EXPECT_EQ(undone->size(), status->newest_version);
    EXPECT_EQ(undone->back(), "0001_initial");
    EXPECT_EQ(migrator()->status()->version, 0U);
    EXPECT_EQ(under_test_->names(), std::vector<std::string>{"schema_migrations"});

    EXPECT_EQ(migrator()->up(), status->pending);
    EXPECT_EQ(under_test_->contents(), contents);
}

TEST_P(MigrationConformance, DownTakesSoManySteps) {
    ASSERT_TRUE(migrator()->up());
    EXPECT_EQ(migrator()->down(0), std::vector<std::string>{});
    EXPECT_EQ(migrator()->down(1)->size(), 1U);
    EXPECT_EQ(migrator()->down(0), std::vector<std::string>{});
}

TEST_P(MigrationConformance, ADatabaseThatIsNotMigratedIsRefused) {
    ASSERT_TRUE(migrator()->status());
    const auto opened = under_test_->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_NE(opened.error().public_text.find("safelight migrate up"), std::string::npos);
}

TEST_P(MigrationConformance, ANewerDatabaseIsRefusedAndLeftAlone) {
    ASSERT_TRUE(migrator()->up());
    ASSERT_EQ(under_test_->run(newer_migration(9999, "NULL")), SchemaUnderTest::Outcome::done);
    const std::string before = under_test_->contents();
    const auto opened = under_test_->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_NE(opened.error().public_text.find("9999"), std::string::npos);
    EXPECT_EQ(migrator()->status().error().code, ErrorCode::conflict);
    EXPECT_EQ(migrator()->up().error().code, ErrorCode::conflict);
    EXPECT_EQ(migrator()->down(1).error().code, ErrorCode::conflict);
    EXPECT_EQ(under_test_->migrate_and_open(clock_).error().code, ErrorCode::conflict);
    EXPECT_EQ(under_test_->contents(), before);
}

TEST_P(MigrationConformance, ANewerDatabaseThatIsCompatibleIsUsedAndLeftAlone) {
    ASSERT_TRUE(migrator()->up());
    const std::uint32_t newest = migrator()->status()->newest_version;
    ASSERT_EQ(under_test_->run(newer_migration(9998, std::to_string(newest))),
              SchemaUnderTest::Outcome::done);
    const std::string before = under_test_->contents();
    EXPECT_TRUE(under_test_->open());
    EXPECT_TRUE(under_test_->migrate_and_open(clock_));
    const auto status = migrator()->status();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->version, 9998U);
    EXPECT_EQ(status->compatible_from, newest);
    EXPECT_TRUE(status->pending.empty());
    EXPECT_EQ(migrator()->up(), std::vector<std::string>{});
    EXPECT_EQ(migrator()->down(1).error().code, ErrorCode::conflict);

    ASSERT_EQ(under_test_->run(newer_migration(9999, "9999")), SchemaUnderTest::Outcome::done);
    EXPECT_EQ(under_test_->open().error().code, ErrorCode::conflict);
    EXPECT_EQ(under_test_->contents(), before);
}

TEST_P(MigrationConformance, ADatabaseOfAnEarlierProgramIsBroughtUpToDate) {
    ASSERT_TRUE(migrator()->up());
    const std::string ours = under_test_->contents();
    ASSERT_EQ(under_test_->run("ALTER TABLE schema_migrations DROP COLUMN compatible_from"),
              SchemaUnderTest::Outcome::done);
    const std::string theirs = under_test_->contents();
    EXPECT_TRUE(under_test_->open());
    const auto status = migrator()->status();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->compatible_from, status->version) << "of what was applied then nothing is known";
    EXPECT_EQ(under_test_->contents(), theirs) << "asking changes nothing";

    EXPECT_EQ(migrator()->up(), std::vector<std::string>{});
    EXPECT_EQ(under_test_->contents(), ours);
    EXPECT_EQ(migrator()->status()->compatible_from, status->version);
    ASSERT_TRUE(migrator()->down(1));
    ASSERT_TRUE(migrator()->up());
}

TEST_P(MigrationConformance, AFailingMigrationLeavesNothingHalf) {
    ASSERT_TRUE(migrator()->status());
    ASSERT_EQ(under_test_->run("CREATE TABLE totals (x integer)"),  // in the way of 0001
              SchemaUnderTest::Outcome::done);
    const auto failed = migrator()->up();
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().log_text.find("totals"), std::string::npos) << failed.error().log_text;
    EXPECT_EQ(failed.error().public_text.find("totals"), std::string::npos);
    EXPECT_EQ(migrator()->status()->version, 0U);
    EXPECT_EQ(under_test_->names(), std::vector<std::string>{"totals"});
    ASSERT_EQ(under_test_->run("DROP TABLE totals"), SchemaUnderTest::Outcome::done);
    EXPECT_TRUE(migrator()->up());
}

/// What migrators report that start at once on a database that is still empty.
std::vector<Result<std::vector<std::string>>> migrate_at_once(SchemaUnderTest& under_test, const Clock& clock,
                                                              std::size_t count) {
    std::latch start{static_cast<std::ptrdiff_t>(count)};
    std::vector<Result<std::vector<std::string>>> outcomes(count);
    std::vector<std::thread> threads;
    for (auto& outcome : outcomes) {
        threads.emplace_back([&] {
            start.arrive_and_wait();
            auto mine = under_test.migrator(clock);
            outcome = mine ? (*mine)->up() : std::unexpected(mine.error());
        });
    }
    for (std::thread& thread : threads) thread.join();
    return outcomes;
}

TEST_P(MigrationConformance, SeveralMayMigrateAtOnce) {
    // Who comes second meets another state of the new database each time.
    for (int round = 0; round < 12; ++round) {
        const auto under_test = GetParam().make();
        std::size_t applied = 0;
        for (const auto& outcome : migrate_at_once(*under_test, clock_, 6)) {
            ASSERT_TRUE(outcome) << outcome.error().log_text;
            applied += outcome->size();
        }
        EXPECT_EQ(applied, under_test->migrator(clock_).value()->status()->newest_version)
            << "each is applied once";
    }
}

}  // namespace
}  // namespace safelight
