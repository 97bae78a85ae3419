// Redis goes away and comes back: killed, emptied, stopped. Each test has a server of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "queue/redis/redis_queue.h"
#include "queue/redis/testing/redis_server.h"

namespace safelight::redis {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Milliseconds for_ever = std::chrono::hours(1);
constexpr Milliseconds at_once{0};
/// What a loaded machine may add to any time.
constexpr Milliseconds slack{400};

class RedisOutage : public testing::Test {
  protected:
    JobId new_id() { return ids_.next<JobId>(); }

    static std::optional<JobId> take(JobQueue& queue, Milliseconds timeout) {
        const auto received = queue.receive(timeout, {});
        EXPECT_TRUE(received) << received.error().log_text;
        if (!received || !*received) return std::nullopt;
        EXPECT_TRUE(queue.acknowledge(**received));
        return (*received)->job_id;
    }
    /// How long `call` takes.
    template <class Call>
    static Milliseconds time_of(const Call& call) {
        const auto start = SteadyClock::now();
        call();
        return std::chrono::floor<Milliseconds>(SteadyClock::now() - start);
    }
    [[nodiscard]] bool recovers() {
        return eventually([&] { return queue_->check().has_value(); });
    }
    static void expect_unavailable(const Status& status) {
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::unavailable);
        EXPECT_FALSE(status.error().log_text.empty());
    }

    RedisServer server_;
    RedisQueueConfig config_ = server_.config();
    RecordingLogger log_;
    std::unique_ptr<JobQueue> queue_ = make_redis_queue(config_, log_);
    SystemClock clock_;
    IdGenerator ids_{clock_};
};

TEST_F(RedisOutage, AStopWakesABlockedReceiverAtOnce) {
    config_.block_max = std::chrono::minutes(1);
    const auto queue = make_redis_queue(config_, log_);
    for (int round = 0; round < 3; ++round) {
        std::stop_source stop;
        SteadyClock::time_point ended;
        std::jthread receiver([&] {
            EXPECT_EQ(queue->receive(for_ever, stop.get_token()), std::nullopt);
            ended = SteadyClock::now();
        });
        ASSERT_TRUE(eventually([&] { return blocked_clients(config_) == 1; }));
        const auto stopped = SteadyClock::now();
        stop.request_stop();
        receiver.join();
        EXPECT_LT(ended - stopped, Milliseconds{100});
        EXPECT_TRUE(eventually([&] { return blocked_clients(config_) == 0; }))
            << "the server waits no longer";
    }
    // The same connection served all rounds.
    const Reply clients = command(config_, {"CLIENT", "LIST"});
    const std::string text(clients.view().text());
    EXPECT_EQ(text.find("-0 age="), text.rfind("-0 age=")) << text;
    EXPECT_THAT(text, HasSubstr("-0 age="));
    EXPECT_EQ(log_.text().find("away"), std::string::npos) << log_.text();
}

TEST_F(RedisOutage, AStopWakesAReceiverWhoMayNotUnblock) {
    command(config_, {"ACL", "SETUSER", "worker", "on", ">secret", "~*", "+@all", "-client"});
    config_.user = "worker";
    config_.password = "secret";
    const auto queue = make_redis_queue(config_, log_);
    std::stop_source stop;
    std::jthread receiver([&] { EXPECT_EQ(queue->receive(for_ever, stop.get_token()), std::nullopt); });
    ASSERT_TRUE(eventually([&] { return blocked_clients(server_.config()) == 1; }));
    EXPECT_LT(time_of([&] {
                  stop.request_stop();
                  receiver.join();
              }),
              Milliseconds{100});
    const JobId id = new_id();
    ASSERT_TRUE(queue->publish({id}));
    EXPECT_EQ(take(*queue, for_ever), id);
}

TEST_F(RedisOutage, ARestartWithAnEmptyRedisIsMendedByTheCallItself) {
    ASSERT_TRUE(queue_->publish({new_id()}));
    ASSERT_TRUE(take(*queue_, for_ever));
    server_.kill();
    server_.start();
    const JobId id = new_id();
    EXPECT_TRUE(queue_->publish({id})) << "the idle connection is dead, a new one is not";
    EXPECT_EQ(take(*queue_, at_once), id);
    EXPECT_EQ(queue_->depth(), 0U);
    EXPECT_TRUE(queue_->check());
    EXPECT_THAT(log_.text(), Not(HasSubstr("away")));
}

TEST_F(RedisOutage, ABlockedReceiverGoesOnAfterARestart) {
    std::optional<JobId> received;
    std::jthread receiver([&] {
        // As a worker does: an error is no end.
        while (!received) {
            const auto delivery = queue_->receive(for_ever, {});
            if (delivery && *delivery) received = (*delivery)->job_id;
        }
    });
    ASSERT_TRUE(eventually([&] { return blocked_clients(config_) == 1; }));
    server_.kill();
    server_.start();
    ASSERT_TRUE(recovers());
    const JobId id = new_id();
    EXPECT_TRUE(queue_->publish({id}));
    receiver.join();
    EXPECT_EQ(received, id);
}

TEST_F(RedisOutage, EmptiedUnderABlockedReceiverTheGroupIsMadeAnew) {
    config_.block_max = std::chrono::minutes(1);
    const auto queue = make_redis_queue(config_, log_);
    const JobId id = new_id();
    std::optional<JobId> received;
    std::jthread receiver([&] { received = take(*queue, for_ever); });
    ASSERT_TRUE(eventually([&] { return blocked_clients(config_) == 1; }));
    command(config_, {"FLUSHALL"});
    EXPECT_TRUE(queue->publish({id}));
    receiver.join();
    EXPECT_EQ(received, id);
}

TEST_F(RedisOutage, EmptiedBetweenCallsTheGroupIsMadeAnew) {
    const JobId id = new_id();
    ASSERT_TRUE(queue_->publish({id}));
    const auto held = queue_->receive(for_ever, {});
    ASSERT_TRUE(held && *held);
    command(config_, {"FLUSHALL"});
    EXPECT_EQ(queue_->depth(), 0U);
    EXPECT_TRUE(queue_->acknowledge(**held)) << "what is gone is dealt with";
    EXPECT_EQ(take(*queue_, at_once), std::nullopt);
    command(config_, {"FLUSHALL"});
    ASSERT_TRUE(queue_->publish({id}));
    EXPECT_EQ(queue_->depth(), 1U);
    EXPECT_EQ(take(*queue_, at_once), id);
}

TEST_F(RedisOutage, WhileItIsAwayCallsFailFast) {
    server_.kill();
    expect_unavailable(queue_->publish({new_id()}));
    const auto taken = time_of([&] {
        for (int i = 0; i < 1'000; ++i) expect_unavailable(queue_->publish({new_id()}));
        expect_unavailable(queue_->acknowledge({new_id(), Lane::normal, "1-1"}));
        expect_unavailable(queue_->check());
        EXPECT_FALSE(queue_->depth());
        EXPECT_FALSE(queue_->receive(at_once, {}));
    });
    EXPECT_LT(taken, slack);
    const std::string text = log_.text();
    EXPECT_EQ(text.find("redis is away"), text.rfind("redis is away")) << "said once: " << text;
    server_.start();
    EXPECT_TRUE(recovers());
    EXPECT_THAT(log_.text(), HasSubstr("redis answers again"));
}

TEST_F(RedisOutage, WhileItIsAwayReceivingDoesNotSpin) {
    server_.kill();
    int failures = 0;
    const auto until = SteadyClock::now() + Milliseconds{500};
    while (SteadyClock::now() < until) {
        const auto received = queue_->receive(for_ever, {});
        ASSERT_FALSE(received);
        EXPECT_EQ(received.error().code, ErrorCode::unavailable);
        ++failures;
    }
    // Pauses of 10 to 20 ms at first, of 50 to 100 ms later.
    EXPECT_LE(failures, 15);
    EXPECT_GE(failures, 3);
}

TEST_F(RedisOutage, WhileItIsAwayAStopEndsTheWait) {
    config_.backoff_min = config_.backoff_max = for_ever;
    const auto queue = make_redis_queue(config_, log_);
    server_.kill();
    expect_unavailable(queue->publish({new_id()}));
    std::stop_source stop;
    std::jthread receiver([&] { EXPECT_EQ(queue->receive(for_ever, stop.get_token()), std::nullopt); });
    stop.request_stop();
    receiver.join();
}

TEST_F(RedisOutage, AReceiverWaitsNoLongerThanItsTimeoutWhileItIsAway) {
    config_.backoff_min = config_.backoff_max = for_ever;
    const auto queue = make_redis_queue(config_, log_);
    server_.kill();
    expect_unavailable(queue->publish({new_id()}));
    EXPECT_LT(time_of([&] { EXPECT_FALSE(queue->receive(Milliseconds{20}, {})); }), slack);
}

TEST_F(RedisOutage, StoppedItKeepsNobodyWaitingLongerThanSaid) {
    ASSERT_TRUE(queue_->publish({new_id()}));
    ASSERT_TRUE(take(*queue_, for_ever));
    server_.pause();
    const auto publishing = time_of([&] { expect_unavailable(queue_->publish({new_id()})); });
    EXPECT_GE(publishing, config_.command_timeout);
    EXPECT_LT(publishing, config_.command_timeout + slack);
    EXPECT_LT(time_of([&] {
                  for (int i = 0; i < 100; ++i) expect_unavailable(queue_->publish({new_id()}));
              }),
              config_.command_timeout + slack)
        << "at most one of them tried";
    EXPECT_LT(time_of([&] { EXPECT_FALSE(queue_->receive(Milliseconds{50}, {})); }),
              Milliseconds{50} + config_.command_timeout + slack);
    server_.resume();
    EXPECT_TRUE(recovers());
    const JobId id = new_id();
    EXPECT_TRUE(queue_->publish({id}));
    // What was sent before the answers failed to come may have arrived: hints may be repeated.
    std::set<JobId> received;
    while (const auto taken = take(*queue_, at_once)) received.insert(*taken);
    EXPECT_TRUE(received.contains(id));
}

TEST_F(RedisOutage, StoppedUnderABlockedReceiverItIsNoticed) {
    std::optional<Result<std::optional<Delivery>>> received;
    SteadyClock::time_point ended;
    std::jthread receiver([&] {
        received = queue_->receive(for_ever, {});
        ended = SteadyClock::now();
    });
    ASSERT_TRUE(eventually([&] { return blocked_clients(config_) == 1; }));
    const auto paused = SteadyClock::now();
    server_.pause();
    receiver.join();
    server_.resume();
    ASSERT_FALSE(*received);
    EXPECT_LT(ended - paused, config_.block_max + config_.command_timeout + slack);
}

TEST_F(RedisOutage, StoppedItHoldsUpNoShutdown) {
    config_.block_max = std::chrono::minutes(1);
    const auto queue = make_redis_queue(config_, log_);
    std::stop_source stop;
    std::jthread receiver([&] { EXPECT_EQ(queue->receive(for_ever, stop.get_token()), std::nullopt); });
    ASSERT_TRUE(eventually([&] { return blocked_clients(config_) == 1; }));
    server_.pause();
    EXPECT_LT(time_of([&] {
                  stop.request_stop();
                  receiver.join();
              }),
              config_.command_timeout + slack);
    server_.resume();
}

TEST_F(RedisOutage, HintsGoThroughOutagesWhenTheyArePublishedAgain) {
    constexpr std::size_t count = 1'000;
    std::vector<JobId> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(new_id());
    std::stop_source all_seen;
    std::mutex mutex;
    std::set<JobId> seen;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            while (!all_seen.stop_requested()) {
                const auto received = queue_->receive(for_ever, all_seen.get_token());
                if (!received || !*received) continue;
                // Redis may be gone in this moment.
                if (!queue_->acknowledge(**received)) continue;
                const std::lock_guard lock(mutex);
                seen.insert((*received)->job_id);
                if (seen.size() == count) all_seen.request_stop();
            }
        });
    }
    // As the rescuer does: what was not seen is published again.
    threads.emplace_back([&] {
        while (!all_seen.stop_requested()) {
            for (const JobId id : ids) {
                {
                    const std::lock_guard lock(mutex);
                    if (seen.contains(id)) continue;
                }
                if (!queue_->publish({id})) std::this_thread::sleep_for(Milliseconds{1});
            }
        }
    });
    const auto some_more_are_seen = [&](std::size_t wanted) {
        return eventually([&] {
            const std::lock_guard lock(mutex);
            return seen.size() >= wanted;
        });
    };
    EXPECT_TRUE(some_more_are_seen(50));
    server_.kill();
    server_.start();
    EXPECT_TRUE(some_more_are_seen(100));
    command(config_, {"FLUSHALL"});
    EXPECT_TRUE(some_more_are_seen(150));
    server_.pause();
    std::this_thread::sleep_for(2 * config_.command_timeout);  // an outage has a length
    server_.resume();
    threads.clear();
    EXPECT_EQ(seen.size(), count);
}

}  // namespace
}  // namespace safelight::redis
