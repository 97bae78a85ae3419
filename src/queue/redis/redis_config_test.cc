#include "queue/redis/redis_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safelight {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

TEST(RedisUrl, NamesEverything) {
    const auto config =
        parse_redis_url("redis://worker:p%40ss%3Aword@redis.example:6380/3?stream=pictures&group=darkroom");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->host, "redis.example");
    EXPECT_EQ(config->port, 6380);
    EXPECT_EQ(config->user, "worker");
    EXPECT_EQ(config->password, "p@ss:word");
    EXPECT_EQ(config->database, 3U);
    EXPECT_EQ(config->stream, "pictures");
    EXPECT_EQ(config->group, "darkroom");
}

TEST(RedisUrl, HasDefaults) {
    const auto config = parse_redis_url("redis://localhost");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->port, 6379);
    EXPECT_EQ(config->user, "");
    EXPECT_EQ(config->password, "");
    EXPECT_EQ(config->database, 0U);
    EXPECT_EQ(config->stream, "safelight:jobs");
}

TEST(RedisUrl, TakesAPasswordWithoutAUser) {
    const auto config = parse_redis_url("redis://:secret@127.0.0.1:6379/");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->user, "");
    EXPECT_EQ(config->password, "secret");
}

TEST(RedisUrl, TakesAnAddressOfIPv6) {
    const auto config = parse_redis_url("redis://[::1]:6379/1");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->host, "::1");
    EXPECT_EQ(config->shown(), "redis://[::1]:6379/1?stream=safelight:jobs");
}

TEST(RedisUrl, TakesValkeysName) {
    EXPECT_TRUE(parse_redis_url("valkey://localhost"));
}

class BadRedisUrl : public testing::TestWithParam<const char*> {};

TEST_P(BadRedisUrl, IsRefusedWithoutBeingRepeated) {
    const auto config = parse_redis_url(GetParam());
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(config.error().public_text, Not(HasSubstr("secret")));
    EXPECT_THAT(config.error().log_text, Not(HasSubstr("secret")));
    EXPECT_THAT(config.error().faults, Each(Field(&Fault::detail, Not(HasSubstr("secret")))));
}

INSTANTIATE_TEST_SUITE_P(
    Urls, BadRedisUrl,
    testing::Values("", "redis", "redis:", "redis://", "redis://:secret@", "http://:secret@host",
                    "rediss://:secret@host", "redis://:secret@host:0", "redis://:secret@host:65536",
                    "redis://:secret@host:port", "redis://:secret@host/zero", "redis://:secret@host/0/1",
                    "redis://:secret@host/-1", "redis://:secret@host/10000", "redis://:secret@host?strean=x",
                    "redis://:secret@host?stream=", "redis://:secret@host?stream", "redis://:sec ret@host",
                    "redis://:secret@host#x", "redis://:se#secret@host", "redis://:secret%zz@host",
                    "redis://secret@host"));

TEST(RedisQueueConfigTest, IsShownWithoutItsPassword) {
    RedisQueueConfig config;
    config.user = "worker";
    config.password = "secret";
    EXPECT_EQ(config.shown(), "redis://worker@127.0.0.1:6379/0?stream=safelight:jobs");
}

TEST(RedisQueueConfigTest, BadValuesAreNamed) {
    EXPECT_TRUE(RedisQueueConfig{}.validate());
    RedisQueueConfig config;
    config.host = "";
    config.port = 0;
    config.user = "worker";
    config.database = 10'000;
    config.stream = std::string(513, 'x');
    config.group = "";
    config.hints_max = 0;
    config.connect_timeout = config.command_timeout = config.block_max = Milliseconds{0};
    config.claim_idle = config.claim_interval = config.consumer_idle = Milliseconds{0};
    config.backoff_min = Milliseconds{0};
    config.backoff_max = Milliseconds{-1};
    const auto refused = config.validate();
    ASSERT_FALSE(refused);
    std::vector<std::string> names;
    for (const Fault& fault : refused.error().faults) names.push_back(fault.pointer);
    EXPECT_THAT(names, ElementsAre("host", "port", "password", "database", "stream", "group", "hints_max",
                                   "connect_timeout", "command_timeout", "block_max", "claim_idle",
                                   "claim_interval", "consumer_idle", "backoff_min", "backoff_max"));
}

}  // namespace
}  // namespace safelight
