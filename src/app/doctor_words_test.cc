// What is said from which bounds on. How servers are brought to it is in the rooms' tests and in
// tests/test_doctor.py.
#include "app/doctor_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"

namespace safelight::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ClockSkew skew(std::int64_t ahead_ms, std::int64_t uncertainty_ms = 1) {
    return {Milliseconds{ahead_ms}, Milliseconds{uncertainty_ms}};
}

PostgresExamination well_postgres() {
    return {.version = "15.18 (Debian 15.18-0+deb12u1)",
            .role = "pictures",
            .keeps_sessions = true,
            .schema = "public",
            .lacking = {},
            .may_migrate = true,
            .connections_free = 90,
            .clock = skew(0)};
}

RedisExamination well_redis() {
    RedisExamination found;
    found.software = "Redis";
    found.version = "7.0.15";
    found.eviction = "noeviction";
    found.clock = skew(0);
    return found;
}

TEST(DoctorFindings, EachFindingHasALineAndAVerdict) {
    EXPECT_EQ(lines_of("queue", Findings{.facts = {"one", "two"}, .warnings = {}, .faults = {}}),
              "ok    queue     one; two\n");
    EXPECT_EQ(lines_of("queue", put_off()), "--    queue     not looked at: what stands above comes first\n");
    const Finding failed = failure(ErrorCode::unavailable, "It is away.", "refused");
    EXPECT_EQ(lines_of("queue", failed), "FAIL  queue     It is away.\n                refused\n");
    EXPECT_FALSE(is_well(failed));
    const Finding both = Findings{
        .facts = {"a fact"}, .warnings = {"careful"}, .faults = {{ErrorCode::conflict, "wrong", {}, {}}}};
    EXPECT_EQ(lines_of("queue", both),
              "FAIL  queue     wrong\nwarn  queue     careful\n                a fact\n");
    EXPECT_FALSE(is_well(both));
    EXPECT_TRUE(is_well(Findings{.facts = {}, .warnings = {"careful"}, .faults = {}}));
}

TEST(DoctorWords, OfPostgresThatIsWell) {
    const Findings findings = words_for(well_postgres(), Config{});
    EXPECT_THAT(findings.facts,
                ElementsAre("PostgreSQL 15.18", "role \"pictures\", schema \"public\"",
                            "its clock agrees with this one's to 1 ms", "90 connections free"));
    EXPECT_THAT(findings.warnings, IsEmpty());
    EXPECT_THAT(findings.faults, IsEmpty());
}

TEST(DoctorWords, AThirdOfTheShortestLeaseIsTheBoundOfTheCatalogsClock) {
    Config config;
    EXPECT_EQ(catalog_skew_max(config), Milliseconds{10'000});
    config.quotas.lease = Milliseconds{6'000};
    EXPECT_EQ(catalog_skew_max(config), Milliseconds{2'000});
    config.idempotency_lease = Milliseconds{3'000};
    EXPECT_EQ(catalog_skew_max(config), Milliseconds{1'000});
}

TEST(DoctorWords, AClockThatIsOffIsAWarningFromTheBoundOn) {
    PostgresExamination found = well_postgres();
    for (const std::int64_t ahead_ms : {10'001, -10'001}) {
        found.clock = skew(ahead_ms);
        EXPECT_THAT(words_for(found, Config{}).warnings, IsEmpty()) << "that may be the way to the server";
        found.clock = skew(2 * ahead_ms);
        const Findings findings = words_for(found, Config{});
        const std::string direction = ahead_ms > 0 ? "20 s ahead of" : "20 s behind";
        EXPECT_THAT(findings.warnings,
                    ElementsAre(HasSubstr("The database's clock is " + direction + " this machine's")));
        EXPECT_THAT(findings.warnings.front(), HasSubstr("from 10 s on"));
        EXPECT_THAT(findings.faults, IsEmpty());
    }
}

TEST(DoctorWords, AMachineThatIsHoursAheadOfTheDatabaseIsAFault) {
    PostgresExamination found = well_postgres();
    found.clock = skew(-3'700'000);
    const Findings findings = words_for(found, Config{});
    ASSERT_EQ(findings.faults.size(), 1U);
    EXPECT_THAT(findings.faults.front().public_text, HasSubstr("62 minutes behind this machine's"));
    EXPECT_THAT(findings.faults.front().log_text, HasSubstr("retention"));
    found.clock = skew(3'700'000);
    EXPECT_THAT(words_for(found, Config{}).faults, IsEmpty()) << "behind, nothing is let go of too early";
}

TEST(DoctorWords, ConnectionsForOneMoreProcessHaveToBeFree) {
    PostgresExamination found = well_postgres();
    Config config;
    config.catalog_connections = 16;
    found.connections_free = 18;
    EXPECT_THAT(words_for(found, config).warnings, IsEmpty());
    found.connections_free = 17;
    EXPECT_THAT(words_for(found, config).warnings,
                ElementsAre(HasSubstr("17 connections are free, and one more process takes up to 18")));
}

TEST(DoctorWords, OfAPoolerNothingElseIsSaid) {
    PostgresExamination found;
    found.version = "15.18";
    found.keeps_sessions = false;
    const Findings findings = words_for(found, Config{});
    ASSERT_EQ(findings.faults.size(), 1U);
    EXPECT_THAT(findings.faults.front().public_text, HasSubstr("pool_mode = session"));
    EXPECT_THAT(findings.warnings, IsEmpty());
}

TEST(DoctorWords, OfRedisThatIsWell) {
    const Findings findings = words_for(well_redis(), RedisQueueConfig{});
    EXPECT_THAT(findings.facts, ElementsAre("Redis 7.0.15", "its clock agrees with this one's to 1 ms"));
    EXPECT_THAT(findings.warnings, IsEmpty());
    EXPECT_THAT(findings.faults, IsEmpty());
}

TEST(DoctorWords, ARedisThatIsTooOldIsNotSupported) {
    RedisExamination found = well_redis();
    found.version = "6.0.16";
    found.is_too_old = true;
    const Findings findings = words_for(found, RedisQueueConfig{});
    ASSERT_EQ(findings.faults.size(), 1U);
    EXPECT_EQ(findings.faults.front().public_text,
              "Redis 6.0.16 is not supported: Redis 6.2 or newer, or Valkey, is needed.");
}

TEST(DoctorWords, TheClockOfRedisIsAWarningAboveAMinute) {
    RedisExamination found = well_redis();
    found.clock = skew(60'001);
    EXPECT_THAT(words_for(found, RedisQueueConfig{}).warnings, IsEmpty());
    found.clock = skew(-61'000);
    EXPECT_THAT(words_for(found, RedisQueueConfig{}).warnings,
                ElementsAre(HasSubstr("61 s behind this machine's")));
}

TEST(DoctorWords, TheStoresClockIsAFaultOnlyWhereTheStoreRefuses) {
    Findings mild;
    tell_of_store_clock(skew(60'400, 500), false, mild);
    EXPECT_THAT(mild.warnings, IsEmpty()) << "half a second of that is the grain";
    tell_of_store_clock(skew(62'000, 500), true, mild);
    EXPECT_THAT(mild.warnings, ElementsAre(HasSubstr("62 s ahead of this machine's")))
        << "a store refuses for other reasons";
    EXPECT_THAT(mild.faults, IsEmpty());
    Findings grave;
    tell_of_store_clock(skew(-3'600'000, 500), true, grave);
    ASSERT_EQ(grave.faults.size(), 1U);
    EXPECT_THAT(grave.faults.front().public_text, HasSubstr("60 minutes behind this machine's"));
    EXPECT_THAT(grave.faults.front().public_text, HasSubstr("15 minutes off (RequestTimeTooSkewed)"));
    Findings taken;
    tell_of_store_clock(skew(-3'600'000, 500), false, taken);
    EXPECT_THAT(taken.faults, IsEmpty());
    EXPECT_EQ(taken.warnings.size(), 1U);
}

TEST(DoctorWords, ALittleSpaceIsAWarning) {
    Config config;
    config.free_space_min_bytes = 50'000'000;
    Findings findings;
    tell_of_space("/pictures", GiB, config, findings);
    EXPECT_THAT(findings.warnings, IsEmpty());
    EXPECT_THAT(findings.facts, ElementsAre("1 GiB free"));
    tell_of_space("/pictures", GiB - 1, config, findings);
    EXPECT_THAT(findings.warnings, ElementsAre(HasSubstr("1023 MiB are left at /pictures")));
    config.free_space_min_bytes = 10 * GiB;
    Findings by_setting;
    tell_of_space("/pictures", 19 * GiB, config, by_setting);
    EXPECT_THAT(by_setting.warnings, ElementsAre(HasSubstr("less than 10 GiB (SAFELIGHT_FREE_SPACE_MIN)")));
}

}  // namespace
}  // namespace safelight::app
