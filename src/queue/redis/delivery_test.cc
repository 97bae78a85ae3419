// Who gets which hint: dead consumers, stops in the wrong moment, entries of others, streams that are too
// long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
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

class RedisDelivery : public testing::Test {
  public:
    RedisDelivery() { config_.claim_interval = Milliseconds{1}; }
    ~RedisDelivery() override { remove_streams(config_); }

  protected:
    JobId new_id() { return ids_.next<JobId>(); }
    std::unique_ptr<JobQueue> queue() { return make_redis_queue(config_, log_); }

    static std::optional<Delivery> receive(JobQueue& queue, Milliseconds timeout) {
        auto received = queue.receive(timeout, {});
        EXPECT_TRUE(received) << received.error().log_text;
        return received ? *received : std::nullopt;
    }
    static std::optional<JobId> take(JobQueue& queue, Milliseconds timeout) {
        const auto delivery = receive(queue, timeout);
        if (!delivery) return std::nullopt;
        EXPECT_TRUE(queue.acknowledge(*delivery));
        return delivery->job_id;
    }
    [[nodiscard]] std::vector<std::string> consumers() {
        const Reply reply = command(config_, {"XINFO", "CONSUMERS", config_.stream, config_.group});
        std::vector<std::string> names;
        for (std::size_t i = 0; i < reply.view().size(); ++i) names.emplace_back(reply.view()[i][1].text());
        return names;
    }

    RedisQueueConfig config_ = shared_server();
    RecordingLogger log_;
    SystemClock clock_;
    IdGenerator ids_{clock_};
};

TEST_F(RedisDelivery, WhatADeadConsumerHeldGoesToAnother) {
    config_.claim_idle = Milliseconds{50};
    const JobId id = new_id();
    {
        const auto dying = queue();
        ASSERT_TRUE(dying->publish({id}));
        ASSERT_TRUE(receive(*dying, for_ever));
    }
    EXPECT_EQ(in_hand(config_), 1);
    const auto living = queue();
    EXPECT_EQ(take(*living, for_ever), id);
    EXPECT_EQ(in_hand(config_), 0);
    EXPECT_EQ(living->depth(), 0U);
}

TEST_F(RedisDelivery, WhatADeadConsumerHeldInAnyLaneGoesToAnother) {
    config_.claim_idle = Milliseconds{50};
    std::set<JobId> held;
    {
        const auto dying = queue();
        for (const Lane lane : all_lanes) {
            const JobId id = new_id();
            held.insert(id);
            ASSERT_TRUE(dying->publish({id, lane}));
            ASSERT_TRUE(receive(*dying, for_ever));
        }
    }
    EXPECT_EQ(in_hand(config_), std::ssize(all_lanes));
    const auto living = queue();
    std::set<JobId> taken;
    for (std::size_t i = 0; i < all_lanes.size(); ++i)
        taken.insert(take(*living, for_ever).value_or(JobId{}));
    EXPECT_EQ(taken, held);
    EXPECT_EQ(in_hand(config_), 0);
}

TEST_F(RedisDelivery, AReceiverThatWaitsIsWokenThroughAnyLane) {
    const RedisServer own;
    config_ = own.config();
    {
        const auto queue = this->queue();
        for (const Lane lane : all_lanes) {
            const JobId id = new_id();
            std::optional<Delivery> received;
            std::jthread receiver([&] { received = receive(*queue, for_ever); });
            ASSERT_TRUE(eventually([&] { return blocked_clients(config_) == 1; }));
            ASSERT_TRUE(queue->publish({id, lane}));
            receiver.join();
            ASSERT_TRUE(received);
            EXPECT_EQ(received->job_id, id);
            EXPECT_EQ(received->lane, lane);
            EXPECT_TRUE(queue->acknowledge(*received));
        }
        EXPECT_EQ(in_hand(config_), 0);
    }
    config_ = shared_server();
}

TEST_F(RedisDelivery, LanesAreStreams) {
    ASSERT_TRUE(queue()->publish({new_id(), Lane::interactive}));
    ASSERT_TRUE(queue()->publish({new_id(), Lane::normal}));
    EXPECT_EQ(command(config_, {"XLEN", config_.stream + ":interactive"}).view().integer(), 1);
    EXPECT_EQ(command(config_, {"XLEN", config_.stream}).view().integer(), 1);
}

TEST_F(RedisDelivery, AllThatADeadConsumerHeldIsTakenOverWithoutPauses) {
    constexpr std::size_t count = 300;  // more than one look goes over
    config_.claim_idle = Milliseconds{300};
    std::set<JobId> waiting;
    {
        const auto dying = queue();
        for (std::size_t i = 0; i < count; ++i) {
            const JobId id = new_id();
            waiting.insert(id);
            ASSERT_TRUE(dying->publish({id}));
        }
        for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(receive(*dying, for_ever));
    }
    std::this_thread::sleep_for(config_.claim_idle);  // an age at the server, which nothing announces
    config_.claim_interval = for_ever;
    const auto living = queue();
    while (!waiting.empty()) {
        const auto id = take(*living, at_once);
        ASSERT_TRUE(id) << waiting.size() << " are left";
        waiting.erase(*id);
    }
}

TEST_F(RedisDelivery, WhatIsInHandStaysThereUntilItsTime) {
    config_.claim_idle = for_ever;
    const auto busy = queue();
    ASSERT_TRUE(busy->publish({new_id()}));
    ASSERT_TRUE(receive(*busy, for_ever));
    EXPECT_EQ(busy->depth(), 0U) << "it does not wait for a receiver";
    EXPECT_EQ(receive(*queue(), Milliseconds{20}), std::nullopt);
}

TEST_F(RedisDelivery, AcknowledgedByTheFirstAfterItWasTakenOverItIsGone) {
    config_.claim_idle = Milliseconds{1};
    const auto slow = queue();
    ASSERT_TRUE(slow->publish({new_id()}));
    const auto first = receive(*slow, for_ever);
    const auto other = queue();
    const auto second = receive(*other, for_ever);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->job_id, second->job_id);
    EXPECT_TRUE(slow->acknowledge(*first));
    EXPECT_EQ(receive(*other, Milliseconds{20}), std::nullopt);
    EXPECT_TRUE(other->acknowledge(*second));
    EXPECT_EQ(in_hand(config_), 0);
}

TEST_F(RedisDelivery, ManyThreadsSeeEveryHintThoughEachIsTakenFromTheOthers) {
    constexpr std::size_t threads_each = 4;
    constexpr std::size_t ids_each = 250;
    config_.claim_idle = Milliseconds{1};
    const auto one = queue();
    const auto other = queue();
    std::vector<JobId> ids;
    for (std::size_t i = 0; i < threads_each * ids_each; ++i) ids.push_back(new_id());
    std::stop_source all_seen;
    std::mutex mutex;
    std::set<JobId> seen;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < threads_each; ++i) {
            threads.emplace_back([&, i] {
                JobQueue& queue = i % 2 == 0 ? *one : *other;
                while (!all_seen.stop_requested()) {
                    const auto received = queue.receive(for_ever, all_seen.get_token());
                    ASSERT_TRUE(received) << received.error().log_text;
                    if (!*received) continue;
                    EXPECT_TRUE(queue.acknowledge(**received));
                    const std::lock_guard lock(mutex);
                    seen.insert((*received)->job_id);
                    if (seen.size() == ids.size()) all_seen.request_stop();
                }
            });
            threads.emplace_back([&, i] {
                for (std::size_t j = 0; j < ids_each; ++j) EXPECT_TRUE(one->publish({ids[i * ids_each + j]}));
            });
        }
    }
    EXPECT_EQ(seen, std::set<JobId>(ids.begin(), ids.end()));
}

TEST_F(RedisDelivery, AStopInTheMomentOfADeliveryKeepsNothing) {
    constexpr int rounds = 300;
    config_.claim_idle = config_.claim_interval = for_ever;
    const auto queue = this->queue();
    int received = 0;
    for (int i = 0; i < rounds; ++i) {
        std::stop_source stop;
        std::latch started(2);
        std::jthread receiver([&] {
            started.count_down();
            const auto delivery = queue->receive(for_ever, stop.get_token());
            ASSERT_TRUE(delivery) << delivery.error().log_text;
            if (!*delivery) return;
            ++received;
            EXPECT_TRUE(queue->acknowledge(**delivery));
        });
        std::jthread publisher([&] {
            started.arrive_and_wait();
            EXPECT_TRUE(queue->publish({new_id()}));
        });
        started.wait();
        // Sooner in one round, later in another, so that all orders come.
        for (int spin = 0; spin < i % 30; ++spin) std::this_thread::sleep_for(std::chrono::microseconds(10));
        stop.request_stop();
    }
    EXPECT_EQ(in_hand(config_), 0) << "every hint was received or given back";
    EXPECT_EQ(queue->depth(), static_cast<std::uint64_t>(rounds - received));
    while (take(*queue, at_once)) ++received;
    EXPECT_EQ(received, rounds);
}

TEST_F(RedisDelivery, ConsumersAreDifferentForEachReceiverAndEachQueue) {
    constexpr int receivers = 3;
    const RedisServer own;
    config_ = own.config();
    const auto one = queue();
    const auto other = queue();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < receivers; ++i) {
            threads.emplace_back([&] { EXPECT_TRUE(receive(*one, for_ever)); });
            threads.emplace_back([&] { EXPECT_TRUE(receive(*other, for_ever)); });
        }
        ASSERT_TRUE(eventually([&] { return blocked_clients(config_) == 2 * receivers; }));
        // Redis makes a consumer when there is something for it.
        for (int i = 0; i < 2 * receivers; ++i) EXPECT_TRUE(one->publish({new_id()}));
    }
    const auto names = consumers();
    EXPECT_EQ(std::set(names.begin(), names.end()).size(), 2U * receivers);
    config_ = shared_server();
}

TEST_F(RedisDelivery, DeadConsumersThatHoldNothingAreRemoved) {
    {
        const auto dying = queue();
        ASSERT_TRUE(dying->publish({new_id()}));
        ASSERT_TRUE(take(*dying, for_ever));
    }
    ASSERT_EQ(consumers().size(), 1U);
    const std::string dead = consumers().front();
    config_.consumer_idle = Milliseconds{1};
    const auto living = queue();
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(receive(*living, at_once), std::nullopt);
        return consumers().empty();
    }));
    EXPECT_THAT(log_.text(), HasSubstr("dead consumer of the queue removed consumer=" + dead));
}

TEST_F(RedisDelivery, DeadConsumersThatHoldSomethingStay) {
    const JobId id = new_id();
    {
        const auto dying = queue();
        ASSERT_TRUE(dying->publish({id}));
        ASSERT_TRUE(receive(*dying, for_ever));
    }
    const std::string dead = consumers().front();
    config_.consumer_idle = Milliseconds{1};
    const auto living = queue();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(receive(*living, Milliseconds{2}), std::nullopt);
    EXPECT_THAT(consumers(), testing::Contains(dead));
    EXPECT_EQ(in_hand(config_), 1);
    EXPECT_THAT(log_.text(), Not(HasSubstr("removed")));
}

TEST_F(RedisDelivery, EntriesThatNameNoJobAreDropped) {
    const auto queue = this->queue();
    const JobId id = new_id();
    command(config_, {"XADD", config_.stream, "*", "job", "not an id"});
    command(config_, {"XADD", config_.stream, "*", "task", id.to_string()});
    command(config_, {"XADD", config_.stream, "*", "colour", "red", "job", id.to_string()});
    EXPECT_EQ(take(*queue, at_once), id) << "more fields may come with later versions";
    EXPECT_EQ(take(*queue, at_once), std::nullopt);
    EXPECT_EQ(in_hand(config_), 0);
    EXPECT_EQ(queue->depth(), 0U);
    EXPECT_THAT(log_.text(), HasSubstr("names no job"));
}

TEST_F(RedisDelivery, WhatWasPublishedBeforeTheGroupWasMadeIsReceived) {
    const JobId id = new_id();
    ASSERT_TRUE(queue()->publish({id}));
    EXPECT_EQ(queue()->depth(), 1U);
    EXPECT_EQ(take(*queue(), at_once), id);
}

TEST_F(RedisDelivery, TheStreamDoesNotGrowPastItsLimit) {
    constexpr std::uint64_t published = 1'000;
    config_.hints_max = 200;
    const auto queue = this->queue();
    ASSERT_TRUE(queue->publish({new_id()}));
    const auto held = receive(*queue, for_ever);
    ASSERT_TRUE(held);
    for (std::uint64_t i = 0; i < published; ++i) ASSERT_TRUE(queue->publish({new_id()}));
    const auto depth = queue->depth();
    ASSERT_TRUE(depth);
    EXPECT_GE(*depth, config_.hints_max - 1) << "the one in hand was trimmed as well";
    EXPECT_LT(*depth, 2 * config_.hints_max) << "Redis drops whole nodes of a hundred entries";
    EXPECT_TRUE(queue->acknowledge(*held));
    std::uint64_t received = 0;
    while (take(*queue, at_once)) ++received;
    EXPECT_GE(received, config_.hints_max);
    EXPECT_EQ(in_hand(config_), 0);
}

TEST_F(RedisDelivery, WhatWasTrimmedInADeadConsumersHandIsForgotten) {
    config_.claim_idle = Milliseconds{1};
    const auto dying = queue();
    ASSERT_TRUE(dying->publish({new_id()}));
    ASSERT_TRUE(receive(*dying, for_ever));
    command(config_, {"XTRIM", config_.stream, "MAXLEN", "0"});
    const auto living = queue();
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(receive(*living, at_once), std::nullopt);
        return in_hand(config_) == 0;
    }));
}

TEST_F(RedisDelivery, StreamsAreApart) {
    RedisQueueConfig urgent = config_;
    urgent.stream += ":of-another-service";
    const auto usual_queue = queue();
    const auto urgent_queue = make_redis_queue(urgent, log_);
    const JobId id = new_id();
    ASSERT_TRUE(urgent_queue->publish({id}));
    EXPECT_EQ(take(*usual_queue, at_once), std::nullopt);
    EXPECT_EQ(take(*urgent_queue, at_once), id);
    remove_streams(urgent);
}

}  // namespace
}  // namespace safelight::redis
