// What Redis says when it does not want to: heard from real servers that were brought to it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <thread>

#include "base/descriptor.h"
#include "queue/redis/redis_queue.h"
#include "queue/redis/testing/redis_server.h"

namespace safelight::redis {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Milliseconds at_once{0};
constexpr std::string_view secret = "open-sesame";

class RedisTrouble : public testing::Test {
  protected:
    JobId new_id() { return ids_.next<JobId>(); }
    std::unique_ptr<JobQueue> queue(const RedisQueueConfig& config) { return make_redis_queue(config, log_); }

    void expect_advice(const Status& status, const std::string& advice) {
        ASSERT_FALSE(status) << "expected: " << advice;
        EXPECT_EQ(status.error().code, ErrorCode::unavailable);
        EXPECT_THAT(status.error().log_text, HasSubstr(advice));
        for (const std::string& text : {status.error().log_text, status.error().public_text, log_.text()})
            EXPECT_THAT(text, Not(HasSubstr(std::string(secret))));
    }
    [[nodiscard]] static Status status_of_receive(JobQueue& queue) {
        const auto received = queue.receive(at_once, {});
        if (!received) return std::unexpected(received.error());
        return {};
    }

    RedisServer server_;
    RedisQueueConfig config_ = server_.config();
    RecordingLogger log_;
    SystemClock clock_;
    IdGenerator ids_{clock_};
};

TEST_F(RedisTrouble, WithoutThePasswordThatItWants) {
    command(config_, {"CONFIG", "SET", "requirepass", secret});
    const auto queue = this->queue(config_);
    expect_advice(queue->publish({new_id()}), "wants a password");
    expect_advice(queue->check(), "wants a password");
    config_.backoff_min = config_.backoff_max = Milliseconds{1};
    expect_advice(status_of_receive(*this->queue(config_)), "wants a password");
}

TEST_F(RedisTrouble, WithAWrongPassword) {
    command(config_, {"CONFIG", "SET", "requirepass", "another"});
    config_.password = secret;
    expect_advice(queue(config_)->publish({new_id()}), "does not take this user and password");
    config_.user = "worker";
    expect_advice(queue(config_)->publish({new_id()}), "does not take this user and password");
    expect_advice(status_of_receive(*queue(config_)), "does not take this user and password");
}

TEST_F(RedisTrouble, WithAPasswordThatNobodySet) {
    config_.password = secret;
    expect_advice(queue(config_)->publish({new_id()}), "no password for its default user");
}

TEST_F(RedisTrouble, WithTheRightPasswordThereIsNone) {
    command(config_, {"CONFIG", "SET", "requirepass", secret});
    config_.password = secret;
    config_.database = 3;
    const auto queue = this->queue(config_);
    const JobId id = new_id();
    ASSERT_TRUE(queue->publish({id}));
    const auto received = queue->receive(at_once, {});
    ASSERT_TRUE(received && *received);
    EXPECT_EQ((*received)->job_id, id);
    EXPECT_TRUE(command(config_, {"EXISTS", config_.stream}).view().integer() == 1);
    config_.database = 0;
    EXPECT_TRUE(command(config_, {"EXISTS", config_.stream}).view().integer() == 0);
    EXPECT_THAT(log_.text(), Not(HasSubstr(std::string(secret))));
}

TEST_F(RedisTrouble, TheRightsThatTheReadmeNamesAreEnough) {
    command(config_,
            {"ACL", "SETUSER", "worker", "on", ">open-sesame", "~safelight:*", "-@all", "+@stream", "+multi",
             "+exec", "+ping", "+select", "+client|id", "+client|setname", "+client|unblock", "+eval"});
    {
        const auto dying = queue(config_);  // leaves a consumer to be removed
        ASSERT_TRUE(dying->publish({new_id()}));
        const auto received = dying->receive(at_once, {});
        ASSERT_TRUE(received && *received);
        ASSERT_TRUE(dying->acknowledge(**received));
    }
    config_.user = "worker";
    config_.password = secret;
    config_.consumer_idle = config_.claim_interval = Milliseconds{1};
    const auto queue = this->queue(config_);
    const JobId id = new_id();
    ASSERT_TRUE(queue->publish({id}));
    EXPECT_TRUE(queue->check());
    EXPECT_EQ(queue->depth(), 1U);
    const auto received = queue->receive(at_once, {});
    ASSERT_TRUE(received && *received);
    EXPECT_TRUE(queue->acknowledge(**received));
    EXPECT_TRUE(eventually([&] {
        EXPECT_TRUE(status_of_receive(*queue));
        return log_.text().find("removed") != std::string::npos;
    }));
    EXPECT_THAT(log_.text(), Not(HasSubstr("stay")));
}

TEST_F(RedisTrouble, WithoutARightThatItNeeds) {
    command(config_,
            {"ACL", "SETUSER", "worker", "on", ">open-sesame", "~*", "+@all", "-xadd", "-xreadgroup"});
    config_.user = "worker";
    config_.password = secret;
    const auto queue = this->queue(config_);
    expect_advice(queue->publish({new_id()}), "the user lacks a right");
    expect_advice(status_of_receive(*queue), "the user lacks a right");
}

TEST_F(RedisTrouble, AReplicaTakesNoHints) {
    const auto queue = this->queue(config_);
    ASSERT_TRUE(queue->publish({new_id()}));
    ASSERT_TRUE(status_of_receive(*queue));
    // Of a primary that is not there: it stays as it is, but read-only.
    command(config_, {"REPLICAOF", "127.0.0.1", "1"});
    expect_advice(queue->publish({new_id()}), "this is a replica");
    expect_advice(status_of_receive(*queue), "this is a replica");
    expect_advice(queue->acknowledge({new_id(), Lane::normal, "1-1"}), "this is a replica");
    command(config_, {"REPLICAOF", "NO", "ONE"});
    EXPECT_TRUE(queue->publish({new_id()}));
}

TEST_F(RedisTrouble, WithoutMemoryItTakesNoHintsAndGivesThose) {
    const auto queue = this->queue(config_);
    ASSERT_TRUE(status_of_receive(*queue)) << "so that there is a group";
    const JobId id = new_id();
    ASSERT_TRUE(queue->publish({id}));
    ASSERT_TRUE(queue->publish({new_id()}));
    command(config_, {"CONFIG", "SET", "maxmemory", "1"});
    expect_advice(queue->publish({new_id()}), "raise it");
    const auto received = queue->receive(Milliseconds{100}, {});
    ASSERT_TRUE(received) << received.error().log_text;
    ASSERT_TRUE(*received);
    EXPECT_EQ((*received)->job_id, id);
    EXPECT_TRUE(queue->acknowledge(**received)) << "which frees memory";
    EXPECT_EQ(queue->depth(), 1U);
    EXPECT_TRUE(queue->check());
    command(config_, {"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_TRUE(queue->publish({new_id()}));
}

TEST_F(RedisTrouble, WithoutMemoryTheGroupCannotBeMade) {
    const auto queue = this->queue(config_);
    command(config_, {"CONFIG", "SET", "maxmemory", "1"});
    expect_advice(status_of_receive(*queue), "raise it");
    command(config_, {"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_TRUE(eventually([&] { return queue->receive(Milliseconds{100}, {}).has_value(); }));
}

TEST_F(RedisTrouble, ADiskThatCannotBeWrittenIsNamed) {
    std::filesystem::remove_all(server_.folder());
    command(config_, {"CONFIG", "SET", "save", "3600 1"});
    say(config_, {"BGSAVE"});
    const auto queue = this->queue(config_);
    ASSERT_TRUE(eventually([&] { return !queue->publish({new_id()}); }));
    expect_advice(queue->publish({new_id()}), "cannot write its data to disk");
}

TEST_F(RedisTrouble, WhileItLoadsItIsAway) {
    // So that the file is long: Redis looks at its clients after so many bytes.
    command(config_, {"CONFIG", "SET", "rdbcompression", "no"});
    for (int i = 0; i < 100; ++i)
        command(config_, {"SET", "key" + std::to_string(i), std::string(1'000, 'x')});
    command(config_, {"SAVE"});
    const auto queue = this->queue(config_);
    ASSERT_TRUE(queue->publish({new_id()}));
    server_.kill();
    // 50 ms for each key.
    server_.start_with({"--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"});
    Status last;
    EXPECT_TRUE(eventually([&] {
        last = queue->check();
        return !last && last.error().log_text.find("still loading") != std::string::npos;
    })) << (last ? "answers" : last.error().log_text);
    server_.kill();
    server_.start_with({});
    EXPECT_TRUE(eventually([&] { return queue->publish({new_id()}).has_value(); }));
}

TEST_F(RedisTrouble, AKeyThatHoldsSomethingElseIsNamed) {
    command(config_, {"SET", config_.stream, "a string"});
    const auto queue = this->queue(config_);
    expect_advice(queue->publish({new_id()}), "?stream=name");
    expect_advice(queue->acknowledge({new_id(), Lane::normal, "1-1"}), "?stream=name");
    EXPECT_FALSE(queue->depth());
    expect_advice(status_of_receive(*queue), "?stream=name");
    EXPECT_TRUE(queue->check()) << "Redis answers";
}

TEST_F(RedisTrouble, WhatIsRefusedIsNotAskedForAgainAndAgain) {
    command(config_, {"SET", config_.stream, "a string"});
    const auto queue = this->queue(config_);
    int refusals = 0;
    const auto until = SteadyClock::now() + Milliseconds{500};
    while (SteadyClock::now() < until) {
        EXPECT_FALSE(queue->receive(std::chrono::hours(1), {}));
        ++refusals;
    }
    EXPECT_LE(refusals, 15) << "with pauses of 10 to 100 ms";
    command(config_, {"DEL", config_.stream});
    EXPECT_TRUE(queue->receive(Milliseconds{200}, {}));
}

TEST_F(RedisTrouble, ADatabaseThatIsNotThereIsNamed) {
    config_.database = 99;
    expect_advice(queue(config_)->publish({new_id()}), "no database of this number");
}

/// Takes one connection on loopback and answers whatever comes with one text.
class OtherServer {
  public:
    explicit OtherServer(std::string_view answer) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
        EXPECT_EQ(::listen(socket_.get(), 1), 0);
        EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this, answer] {
            const Descriptor connection(::accept(socket_.get(), nullptr, nullptr));
            std::array<char, 4096> buffer;
            while (::recv(connection.get(), buffer.data(), buffer.size(), 0) > 0)
                if (::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
        });
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    Descriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

TEST_F(RedisTrouble, SomethingElseThatAnswersIsNotBelieved) {
    for (const std::string_view answer :
         {"HTTP/1.1 400 Bad Request\r\n\r\n", "*-7\r\n", "$99999999999999\r\n",
          ":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n",
          "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"}) {
        const OtherServer other(answer);
        config_.port = other.port();
        const auto queue = this->queue(config_);
        EXPECT_FALSE(queue->receive(at_once, {})) << answer;
    }
}

TEST_F(RedisTrouble, NobodyThereIsNamed) {
    server_.kill();
    expect_advice(queue(config_)->publish({new_id()}), "no connection to Redis at 127.0.0.1");
}

}  // namespace
}  // namespace safelight::redis
