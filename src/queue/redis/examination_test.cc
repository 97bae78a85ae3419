// What there is to say of real servers that were brought to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/redis/redis_examination.h"
#include "queue/redis/redis_queue.h"
#include "queue/redis/stream.h"
#include "queue/redis/testing/redis_server.h"

namespace safelight::redis {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Of a clock that was told.
ClockSkew told(const std::optional<ClockSkew>& clock) {
    EXPECT_TRUE(clock);
    return clock.value_or(ClockSkew{});
}

class RedisExaminationTest : public testing::Test {
  protected:
    /// `rights` as ACL SETUSER takes them.
    RedisQueueConfig as_user(std::vector<std::string_view> rights) {
        std::vector<std::string_view> words{"ACL", "SETUSER", "worker", "reset", "on", ">open-sesame"};
        words.insert(words.end(), rights.begin(), rights.end());
        auto connection =
            Connection::open(config_, "test", SteadyClock::now() + std::chrono::seconds{10}).value();
        EXPECT_TRUE(connection->run(Command(words), SteadyClock::now() + std::chrono::seconds{10}));
        RedisQueueConfig config = config_;
        config.user = "worker";
        config.password = "open-sesame";
        return config;
    }
    [[nodiscard]] RedisExamination examined(const RedisQueueConfig& config) {
        auto found = examine_redis(config, clock_);
        EXPECT_TRUE(found) << found.error().log_text;
        return found.value_or(RedisExamination{});
    }
    [[nodiscard]] bool is_untouched() { return command(config_, {"DBSIZE"}).view().integer() == 0; }

    RedisServer server_;
    RedisQueueConfig config_ = server_.config();
    SystemClock clock_;
};

TEST_F(RedisExaminationTest, OfAServerThatIsWell) {
    const RedisExamination found = examined(config_);
    EXPECT_THAT(command(config_, {"INFO", "server"}).view().text(), HasSubstr(":" + found.version + "\r\n"));
    EXPECT_FALSE(found.is_too_old || found.is_replica || found.is_in_cluster);
    EXPECT_THAT(found.refused, IsEmpty());
    EXPECT_THAT(found.refused_upkeep, IsEmpty());
    EXPECT_THAT(found.trouble, IsEmpty());
    EXPECT_EQ(found.eviction, "noeviction");
    EXPECT_EQ(found.memory_max_bytes, 0U);
    EXPECT_TRUE(told(found.clock).is_within_uncertainty());
    EXPECT_TRUE(is_untouched());
}

TEST_F(RedisExaminationTest, TheRightsThatTheReadmeNamesLackNothing) {
    const RedisExamination found =
        examined(as_user({"~safelight:*", "-@all", "+@stream", "+multi", "+exec", "+ping", "+select",
                          "+client|id", "+client|setname", "+client|unblock", "+eval"}));
    EXPECT_THAT(found.refused, IsEmpty());
    EXPECT_THAT(found.refused_upkeep, IsEmpty());
    EXPECT_FALSE(found.version.empty());
    EXPECT_FALSE(found.eviction) << "INFO is not among them";
    EXPECT_FALSE(found.clock) << "TIME is not among them";
    EXPECT_TRUE(is_untouched());
}

TEST_F(RedisExaminationTest, CommandsThatAreRefusedAreNamed) {
    const RedisExamination found =
        examined(as_user({"~*", "+@all", "-xadd", "-xgroup|create", "-exec", "-eval", "-client|id"}));
    EXPECT_THAT(found.refused, ElementsAre("EXEC", "XADD", "XGROUP CREATE"));
    EXPECT_THAT(found.refused_upkeep, ElementsAre("EVAL", "CLIENT ID"));
    EXPECT_TRUE(is_untouched());
}

TEST_F(RedisExaminationTest, WithoutTransactionsNothingElseIsTried) {
    EXPECT_THAT(examined(as_user({"~*", "+@all", "-multi"})).refused, ElementsAre("MULTI"));
    EXPECT_TRUE(is_untouched()) << "what is not in a transaction would be carried out";
}

TEST_F(RedisExaminationTest, RightsForOneKeyAloneAreNotEnough) {
    const RedisExamination found = examined(as_user({"~safelight:jobs", "+@all"}));
    EXPECT_THAT(found.refused,
                Contains("XADD on safelight:jobs:interactive, safelight:jobs:bulk, "
                         "safelight:jobs:overflow-interactive, safelight:jobs:overflow-normal, "
                         "safelight:jobs:overflow-bulk"));
    EXPECT_TRUE(is_untouched());
}

TEST_F(RedisExaminationTest, APolicyThatEvictsStreamsIsKnownFromOneThatDoesNot) {
    for (const auto& [policy, evicts] : {std::pair{"allkeys-lru", true},
                                         {"allkeys-random", true},
                                         {"volatile-lru", false},
                                         {"noeviction", false}}) {
        command(config_, {"CONFIG", "SET", "maxmemory-policy", policy});
        command(config_, {"CONFIG", "SET", "maxmemory", "100mb"});
        const RedisExamination found = examined(config_);
        EXPECT_EQ(found.eviction, policy);
        EXPECT_EQ(found.evicts_streams(), evicts) << policy;
        EXPECT_EQ(found.memory_max_bytes, 100U * 1'024 * 1'024);
    }
}

TEST_F(RedisExaminationTest, AReplicaIsKnown) {
    // Of a primary that is not there: it stays as it is, but read-only.
    command(config_, {"REPLICAOF", "127.0.0.1", "1"});
    EXPECT_TRUE(examined(config_).is_replica);
}

TEST_F(RedisExaminationTest, AServerWithoutMemoryIsInTrouble) {
    command(config_, {"CONFIG", "SET", "maxmemory", "1"});
    const RedisExamination found = examined(config_);
    EXPECT_THAT(found.refused, IsEmpty());
    EXPECT_THAT(found.trouble, ElementsAre(HasSubstr("has reached maxmemory")));
}

TEST_F(RedisExaminationTest, AClockThatIsOffIsMeasured) {
    const ManualClock ours(clock_.now() - Milliseconds{90'000});
    const ClockSkew skew = told(examine_redis(config_, ours).value().clock);
    // Ours stands still while it is asked.
    EXPECT_NEAR(static_cast<double>(skew.ahead.count()), 90'000, 5'000);
    EXPECT_TRUE(skew.exceeds(Milliseconds{60'000}));
}

TEST_F(RedisExaminationTest, NobodyThereIsAnError) {
    server_.kill();
    const auto found = examine_redis(config_, clock_);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::unavailable);
    EXPECT_THAT(found.error().log_text, HasSubstr("no connection to Redis"));
}

TEST(RedisCluster, IsKnown) {
    const RedisServer server({"--cluster-enabled", "yes"});
    const auto found = examine_redis(server.config(), SystemClock());
    ASSERT_TRUE(found) << found.error().log_text;
    EXPECT_TRUE(found->is_in_cluster);
}

}  // namespace
}  // namespace safelight::redis
