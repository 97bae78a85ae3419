// What there is to say of a real server, brought to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/postgres/examination_statements.h"
#include "catalog/postgres/postgres_examination.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Of a clock that was told.
ClockSkew told(const std::optional<ClockSkew>& clock) {
    EXPECT_TRUE(clock);
    return clock.value_or(ClockSkew{});
}

class PostgresExaminationTest : public testing::Test {
  protected:
    void SetUp() override { server_.must("CREATE ROLE " + role_ + " LOGIN"); }
    void TearDown() override {
        // Rights first: who has some cannot be dropped.
        static_cast<void>(server_.run("DROP OWNED BY " + role_));
        static_cast<void>(server_.run("DROP ROLE " + role_));
    }

    void migrate() { ASSERT_TRUE(make_postgres_migrator(schema_.config(), clock_).value()->up()); }
    void grant(const std::string& right, const std::string& what) {
        raw_.must("GRANT " + right + " ON " + what + " TO " + role_);
    }
    void grant_all_that_is_needed() {
        grant("USAGE", "SCHEMA " + schema_.name());
        grant("SELECT, INSERT, UPDATE, DELETE", "ALL TABLES IN SCHEMA " + schema_.name());
        grant("USAGE", "ALL SEQUENCES IN SCHEMA " + schema_.name());
    }
    [[nodiscard]] PostgresConfig as_role() const {
        PostgresConfig config = schema_.config();
        config.url += "&user=" + role_;
        return config;
    }
    [[nodiscard]] static PostgresExamination examined(const PostgresConfig& config, const Clock& clock) {
        auto found = examine_postgres(config, clock);
        EXPECT_TRUE(found) << found.error().log_text;
        return found.value_or(PostgresExamination{});
    }

    SystemClock clock_;
    TestSchema schema_;
    RawDatabase raw_{schema_.url()};
    RawDatabase server_{test_server_url()};
    const std::string role_ = "role_of_" + schema_.name();
};

TEST_F(PostgresExaminationTest, KnowsEveryRelationOfTheSchema) {
    migrate();
    const std::vector<std::string> names(sql::relations.begin(), sql::relations.end());
    // But for sequences of identity columns, which nobody needs rights to.
    EXPECT_EQ(raw_.column("SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'S', 'm', 'p')"
                          " AND relnamespace = current_schema()::regnamespace AND NOT EXISTS"
                          " (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'i'"
                          " AND classid = 'pg_class'::regclass) ORDER BY relname"),
              names);
}

TEST_F(PostgresExaminationTest, WhoOwnsTheSchemaLacksNothing) {
    migrate();
    const PostgresExamination found = examined(schema_.config(), clock_);
    EXPECT_EQ(found.version, raw_.value("SHOW server_version"));
    EXPECT_EQ(found.role, raw_.value("SELECT current_user"));
    EXPECT_EQ(found.schema, schema_.name());
    EXPECT_TRUE(found.keeps_sessions);
    EXPECT_THAT(found.lacking, IsEmpty());
    EXPECT_TRUE(found.may_migrate);
    EXPECT_GT(found.connections_free, 0);
    EXPECT_TRUE(told(found.clock).is_within_uncertainty());
}

TEST_F(PostgresExaminationTest, ARoleThatMayReadAndWriteAndOwnsNothingCannotMigrate) {
    migrate();
    grant_all_that_is_needed();
    const PostgresExamination found = examined(as_role(), clock_);
    EXPECT_EQ(found.role, role_);
    EXPECT_THAT(found.lacking, IsEmpty());
    EXPECT_FALSE(found.may_migrate);
    ASSERT_TRUE(open_postgres_catalog(as_role()));
    EXPECT_TRUE(open_postgres_catalog(as_role()).value()->check());
}

TEST_F(PostgresExaminationTest, RightsThatLackAreNamed) {
    migrate();
    grant_all_that_is_needed();
    raw_.must("REVOKE INSERT, UPDATE ON jobs FROM " + role_);
    raw_.must("REVOKE SELECT ON schema_migrations FROM " + role_);
    raw_.must("REVOKE SELECT, INSERT ON account_pixels FROM " + role_);
    raw_.must("REVOKE USAGE ON SEQUENCE rerender_tokens FROM " + role_);
    EXPECT_THAT(examined(as_role(), clock_).lacking,
                ElementsAre("SELECT on account_pixels", "INSERT, UPDATE on jobs", "USAGE on rerender_tokens",
                            "SELECT on schema_migrations"));
}

TEST_F(PostgresExaminationTest, TablesOfOthersInTheSchemaAreNotAskedFor) {
    migrate();
    grant_all_that_is_needed();
    raw_.must("CREATE TABLE of_somebody_else (id integer)");
    EXPECT_THAT(examined(as_role(), clock_).lacking, IsEmpty());
}

TEST_F(PostgresExaminationTest, ASchemaThatMayNotBeUsedIsNone) {
    migrate();
    const PostgresExamination found = examined(as_role(), clock_);
    EXPECT_EQ(found.schema, "");
    EXPECT_FALSE(found.may_migrate);
}

TEST_F(PostgresExaminationTest, AnEmptySchemaCanBeMigratedByWhoMayMakeTables) {
    grant("USAGE", "SCHEMA " + schema_.name());
    EXPECT_FALSE(examined(as_role(), clock_).may_migrate);
    grant("CREATE", "SCHEMA " + schema_.name());
    EXPECT_TRUE(examined(as_role(), clock_).may_migrate);
    EXPECT_TRUE(make_postgres_migrator(as_role(), clock_).value()->up());
    raw_.must("ALTER TABLE jobs OWNER TO CURRENT_USER");
    EXPECT_FALSE(examined(as_role(), clock_).may_migrate) << "only who owns a table may change it";
}

TEST_F(PostgresExaminationTest, TheLimitOfTheRoleCounts) {
    migrate();
    grant_all_that_is_needed();
    server_.must("ALTER ROLE " + role_ + " CONNECTION LIMIT 5");
    EXPECT_EQ(examined(as_role(), clock_).connections_free, 5);
    const RawDatabase one(as_role().url);
    const RawDatabase other(as_role().url);
    EXPECT_EQ(examined(as_role(), clock_).connections_free, 3);
}

TEST_F(PostgresExaminationTest, AClockThatIsOffIsMeasured) {
    for (const std::int64_t off_ms : {3'600'000, -45'000}) {
        ManualClock ours(clock_.now() + Milliseconds{off_ms});
        const PostgresExamination found = examined(schema_.config(), ours);
        const ClockSkew skew = told(found.clock);
        // Ours stands still while it is asked.
        EXPECT_NEAR(static_cast<double>(skew.ahead.count()), static_cast<double>(-off_ms), 5'000);
        EXPECT_TRUE(skew.exceeds(Milliseconds{30'000}));
    }
}

TEST_F(PostgresExaminationTest, AServerThatIsAwayIsAnError) {
    PostgresConfig config;
    config.url = "postgresql://safelight@127.0.0.1:1/postgres";
    const auto found = examine_postgres(config, clock_);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace safelight::postgres
