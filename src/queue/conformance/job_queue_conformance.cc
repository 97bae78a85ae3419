#include "queue/conformance/job_queue_conformance.h"

#include <atomic>
#include <chrono>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/ids.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Long enough never to pass in a test that works: the test program's own time limit comes first.
constexpr Milliseconds for_ever = std::chrono::hours(1);
constexpr Milliseconds at_once{0};

std::vector<JobId> some_ids(std::size_t count) {
    const SystemClock clock;
    IdGenerator generator(clock);
    std::vector<JobId> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(generator.next<JobId>());
    return ids;
}

/// Receives one hint and acknowledges it.
std::optional<JobId> take(JobQueue& queue, Milliseconds timeout, const std::stop_token& stop = {}) {
    auto received = queue.receive(timeout, stop);
    if (!received) {
        ADD_FAILURE() << received.error().log_text;
        return std::nullopt;
    }
    if (!*received) return std::nullopt;
    EXPECT_TRUE(queue.acknowledge(**received));
    return (*received)->job_id;
}

}  // namespace

void JobQueueConformance::SetUp() {
    fixture_ = GetParam().make();
    ASSERT_NE(fixture_, nullptr);
}

std::string job_queue_backend_name(const testing::TestParamInfo<JobQueueBackend>& info) {
    return info.param.name;
}

TEST_P(JobQueueConformance, AnEmptyQueueHasNothingToReceive) {
    EXPECT_EQ(take(queue(), at_once), std::nullopt);
    EXPECT_EQ(queue().depth(), 0U);
    EXPECT_TRUE(queue().check());
}

TEST_P(JobQueueConformance, WhatIsPublishedIsReceivedOnce) {
    const JobId id = some_ids(1).front();
    ASSERT_TRUE(queue().publish({id}));
    EXPECT_EQ(take(queue(), for_ever), id);
    EXPECT_EQ(take(queue(), at_once), std::nullopt);
}

TEST_P(JobQueueConformance, AnIdCanBePublishedAgainAfterItWasReceived) {
    const JobId id = some_ids(1).front();
    for (int round = 0; round < 3; ++round) {
        ASSERT_TRUE(queue().publish({id}));
        EXPECT_EQ(take(queue(), for_ever), id);
    }
}

TEST_P(JobQueueConformance, PublishedWhileItsFirstDeliveryIsInHandItIsReceivedAgain) {
    const JobId id = some_ids(1).front();
    ASSERT_TRUE(queue().publish({id}));
    const auto first = queue().receive(for_ever, {});
    ASSERT_TRUE(first && *first);
    ASSERT_TRUE(queue().publish({id}));
    EXPECT_TRUE(queue().acknowledge(**first));
    EXPECT_EQ(take(queue(), for_ever), id);
}

TEST_P(JobQueueConformance, AcknowledgingTwiceIsHarmless) {
    const std::vector<JobId> ids = some_ids(2);
    ASSERT_TRUE(queue().publish({ids[0]}));
    const auto received = queue().receive(for_ever, {});
    ASSERT_TRUE(received && *received);
    EXPECT_TRUE(queue().acknowledge(**received));
    ASSERT_TRUE(queue().publish({ids[1]}));
    EXPECT_TRUE(queue().acknowledge(**received));
    EXPECT_EQ(take(queue(), for_ever), ids[1]);
}

TEST_P(JobQueueConformance, DepthCountsWhatWaits) {
    const std::vector<JobId> ids = some_ids(3);
    for (const JobId id : ids) ASSERT_TRUE(queue().publish({id}));
    EXPECT_EQ(queue().depth(), 3U);
    ASSERT_TRUE(take(queue(), for_ever));
    EXPECT_EQ(queue().depth(), 2U);
    ASSERT_TRUE(take(queue(), for_ever));
    ASSERT_TRUE(take(queue(), for_ever));
    EXPECT_EQ(queue().depth(), 0U);
}

TEST_P(JobQueueConformance, ReceiveWaitsForItsTimeoutAndNoLess) {
    constexpr Milliseconds timeout{30};
    const auto start = SteadyClock::now();
    EXPECT_EQ(take(queue(), timeout), std::nullopt);
    EXPECT_GE(SteadyClock::now() - start, timeout);
}

TEST_P(JobQueueConformance, StopWakesEveryReceiver) {
    constexpr int receivers = 4;
    std::latch started(receivers);
    std::stop_source stop;
    std::atomic<int> empty_handed = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < receivers; ++i) {
            threads.emplace_back([&] {
                started.count_down();
                if (!take(queue(), for_ever, stop.get_token())) ++empty_handed;
            });
        }
        started.wait();
        stop.request_stop();
    }
    EXPECT_EQ(empty_handed, receivers);
}

TEST_P(JobQueueConformance, AfterAStopNothingIsTaken) {
    const JobId id = some_ids(1).front();
    ASSERT_TRUE(queue().publish({id}));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(take(queue(), for_ever, stop.get_token()), std::nullopt);
    EXPECT_EQ(take(queue(), for_ever), id) << "the hint is still there for somebody else";
}

TEST_P(JobQueueConformance, ManyPublishersAndReceiversLoseNothingAndShareNothing) {
    constexpr std::size_t publishers = 4;
    constexpr std::size_t receivers = 4;
    constexpr std::size_t ids_each = 250;
    const std::vector<JobId> ids = some_ids(publishers * ids_each);
    std::stop_source all_received;
    std::mutex mutex;
    std::map<JobId, int> deliveries;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < receivers; ++i) {
            threads.emplace_back([&] {
                while (const auto id = take(queue(), for_ever, all_received.get_token())) {
                    const std::lock_guard lock(mutex);
                    ++deliveries[*id];
                    if (deliveries.size() == ids.size()) all_received.request_stop();
                }
            });
        }
        for (std::size_t i = 0; i < publishers; ++i) {
            threads.emplace_back([&, i] {
                for (std::size_t j = 0; j < ids_each; ++j)
                    EXPECT_TRUE(queue().publish({ids[i * ids_each + j]}));
            });
        }
    }
    EXPECT_EQ(deliveries.size(), ids.size());
    for (const auto& [id, count] : deliveries) EXPECT_EQ(count, 1) << id.to_string();
    EXPECT_EQ(take(queue(), at_once), std::nullopt);
}

TEST_P(JobQueueConformance, TheUrgentOvertakesWhatWaits) {
    const std::vector<JobId> ids = some_ids(all_lanes.size());
    for (std::size_t i = all_lanes.size(); i > 0; --i)
        ASSERT_TRUE(queue().publish({ids[i - 1], all_lanes[i - 1]}));
    EXPECT_EQ(queue().depth(), all_lanes.size());
    EXPECT_EQ(queue().depths(), (LaneDepths{1, 1, 1, 1, 1, 1}));
    for (const Lane lane : all_lanes) {
        const auto received = queue().receive(for_ever, {});
        ASSERT_TRUE(received && *received);
        EXPECT_EQ((*received)->job_id, ids[index_of(lane)]);
        EXPECT_EQ((*received)->lane, lane);
        EXPECT_TRUE(queue().acknowledge(**received));
    }
    EXPECT_EQ(queue().depth(), 0U);
}

TEST_P(JobQueueConformance, NoLaneWaitsForEver) {
    constexpr std::size_t looks = 64;
    const std::vector<JobId> ids = some_ids(looks + 1);
    ASSERT_TRUE(queue().publish({ids[looks], Lane::overflow_bulk}));
    for (std::size_t i = 0; i < looks; ++i) {
        ASSERT_TRUE(queue().publish({ids[i], Lane::interactive}));
        if (take(queue(), for_ever) == ids[looks]) return;
    }
    FAIL() << "the urgent ones always came first";
}

TEST_P(JobQueueConformance, PublishInAnyLaneWakesAReceiver) {
    const std::vector<JobId> ids = some_ids(all_lanes.size());
    for (const Lane lane : all_lanes) {
        std::latch started(1);
        std::optional<JobId> received;
        std::jthread receiver([&] {
            started.count_down();
            received = take(queue(), for_ever);
        });
        started.wait();
        ASSERT_TRUE(queue().publish({ids[index_of(lane)], lane}));
        receiver.join();
        EXPECT_EQ(received, ids[index_of(lane)]) << name_of(lane);
    }
}

}  // namespace safelight
