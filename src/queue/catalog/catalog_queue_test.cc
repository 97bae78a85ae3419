#include "queue/catalog/catalog_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "queue/conformance/job_queue_conformance.h"

namespace safelight {
namespace {

using testing::ElementsAre;

constexpr Milliseconds for_ever = std::chrono::hours(1);
constexpr Milliseconds at_once{0};
constexpr CatalogQueueConfig never_polls{.hints_max = 10'000, .poll_interval = for_ever};
constexpr CatalogQueueConfig polls_often{.hints_max = 10'000, .poll_interval = Milliseconds{1}};

/// Stands for the catalog: jobs stay pending until they are claimed.
class PendingTable {
  public:
    void add(JobId id) {
        const std::lock_guard lock(mutex_);
        ids_.push_back(id);
    }
    bool claim(JobId id) {
        const std::lock_guard lock(mutex_);
        return std::erase(ids_, id) > 0;
    }
    PendingJobs as_source() {
        return [this](std::uint32_t limit) -> Result<std::vector<WaitingJob>> {
            ++questions;
            const std::lock_guard lock(mutex_);
            std::vector<WaitingJob> jobs;
            for (const JobId id : ids_) {
                if (jobs.size() < limit) jobs.push_back({id});
            }
            return jobs;
        };
    }

    std::atomic<int> questions = 0;

  private:
    std::mutex mutex_;
    std::vector<JobId> ids_;  // guarded by mutex_
};

class AlwaysEmptyFixture final : public JobQueueFixture {
  public:
    explicit AlwaysEmptyFixture(const CatalogQueueConfig& config)
        : queue_(make_catalog_queue(config, [](std::uint32_t) { return std::vector<WaitingJob>{}; })) {}
    JobQueue& queue() override { return *queue_; }

  private:
    std::unique_ptr<JobQueue> queue_;
};

JobQueueBackend backend(const std::string& name, const CatalogQueueConfig& config) {
    return {name, [config] { return std::make_unique<AlwaysEmptyFixture>(config); }};
}

INSTANTIATE_TEST_SUITE_P(Catalog, JobQueueConformance,
                         testing::Values(backend("never_polls", never_polls),
                                         backend("polls_often", polls_often)),
                         job_queue_backend_name);

class CatalogQueueTest : public testing::Test {
  protected:
    JobId new_id() { return ids_.next<JobId>(); }

    static std::optional<JobId> receive(JobQueue& queue, Milliseconds timeout) {
        const auto received = queue.receive(timeout, {});
        EXPECT_TRUE(received);
        if (!received || !*received) return std::nullopt;
        return (*received)->job_id;
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    PendingTable table_;
};

TEST_F(CatalogQueueTest, HintsComeInTheOrderInWhichTheyWerePublished) {
    const auto queue = make_catalog_queue(never_polls, table_.as_source());
    const std::array ids{new_id(), new_id(), new_id()};
    for (const JobId id : ids) ASSERT_TRUE(queue->publish({id}));
    for (const JobId id : ids) EXPECT_EQ(receive(*queue, for_ever), id);
}

TEST_F(CatalogQueueTest, AnIdThatWaitsIsNotQueuedTwice) {
    const auto queue = make_catalog_queue(never_polls, table_.as_source());
    const JobId id = new_id();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue->publish({id}));
    EXPECT_EQ(queue->depth(), 1U);
    EXPECT_EQ(receive(*queue, at_once), id);
    EXPECT_EQ(receive(*queue, at_once), std::nullopt);
}

TEST_F(CatalogQueueTest, WhatWasPendingBeforeTheStartIsFoundAtOnce) {
    const std::array ids{new_id(), new_id()};
    for (const JobId id : ids) table_.add(id);
    const auto queue = make_catalog_queue(never_polls, table_.as_source());
    for (const JobId id : ids) EXPECT_EQ(receive(*queue, at_once), id);
    EXPECT_EQ(table_.questions, 1);
}

TEST_F(CatalogQueueTest, TheCatalogIsNotAskedAgainBeforeItsTime) {
    const auto queue = make_catalog_queue(never_polls, table_.as_source());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(receive(*queue, at_once), std::nullopt);
    EXPECT_EQ(table_.questions, 1);
}

TEST_F(CatalogQueueTest, TheCatalogIsNotAskedWhileHintsWait) {
    const auto queue = make_catalog_queue(polls_often, table_.as_source());
    const JobId id = new_id();
    ASSERT_TRUE(queue->publish({id}));
    EXPECT_EQ(receive(*queue, for_ever), id);
    EXPECT_EQ(table_.questions, 0);
}

TEST_F(CatalogQueueTest, AJobOfAnotherProcessIsFoundByAsking) {
    const JobId id = new_id();
    std::latch asked_in_vain(1);
    std::atomic<int> questions = 0;
    const auto queue = make_catalog_queue(polls_often, [&](std::uint32_t) {
        if (++questions == 1) {
            asked_in_vain.count_down();
            return std::vector<WaitingJob>{};
        }
        return std::vector{WaitingJob{id}};
    });
    std::optional<JobId> received;
    std::jthread receiver([&] { received = receive(*queue, for_ever); });
    asked_in_vain.wait();
    receiver.join();
    EXPECT_EQ(received, id);
}

TEST_F(CatalogQueueTest, OneAnswerServesSeveralReceivers) {
    const std::array ids{new_id(), new_id(), new_id()};
    for (const JobId id : ids) table_.add(id);
    const auto queue = make_catalog_queue(never_polls, table_.as_source());
    std::mutex mutex;
    std::vector<JobId> received;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            threads.emplace_back([&] {
                const auto id = receive(*queue, for_ever);
                const std::lock_guard lock(mutex);
                if (id) received.push_back(*id);
            });
        }
    }
    EXPECT_THAT(received, testing::UnorderedElementsAreArray(ids));
    EXPECT_EQ(table_.questions, 1);
}

TEST_F(CatalogQueueTest, DroppedHintsAreFoundInTheCatalog) {
    constexpr std::size_t jobs = 100;
    const CatalogQueueConfig small{.hints_max = 3, .poll_interval = for_ever};
    const auto queue = make_catalog_queue(small, table_.as_source());
    EXPECT_EQ(receive(*queue, at_once), std::nullopt) << "so that the next question would be an hour away";
    for (std::size_t i = 0; i < jobs; ++i) {
        const JobId id = new_id();
        table_.add(id);
        ASSERT_TRUE(queue->publish({id}));
    }
    EXPECT_EQ(queue->depth(), 3U);
    std::size_t claimed = 0;
    while (const auto id = receive(*queue, at_once)) claimed += table_.claim(*id) ? 1 : 0;
    EXPECT_EQ(claimed, jobs);
}

TEST_F(CatalogQueueTest, HintsDroppedWhileTheCatalogAnswersAreNotForgotten) {
    const JobId early = new_id();
    const JobId late = new_id();
    JobQueue* queue_seen_by_source = nullptr;
    int questions = 0;
    const CatalogQueueConfig tiny{.hints_max = 1, .poll_interval = for_ever};
    const auto queue = make_catalog_queue(tiny, [&](std::uint32_t) -> Result<std::vector<WaitingJob>> {
        if (++questions > 1) return std::vector{WaitingJob{late}};
        EXPECT_TRUE(queue_seen_by_source->publish({early}));
        EXPECT_TRUE(queue_seen_by_source->publish({late}));  // dropped
        return std::vector<WaitingJob>{};
    });
    queue_seen_by_source = queue.get();
    EXPECT_EQ(receive(*queue, at_once), early);
    EXPECT_EQ(receive(*queue, at_once), late);
}

TEST_F(CatalogQueueTest, AFailingCatalogIsReportedAndLeftAlone) {
    int questions = 0;
    const auto queue = make_catalog_queue(never_polls, [&](std::uint32_t) -> Result<std::vector<WaitingJob>> {
        ++questions;
        return failure(ErrorCode::unavailable, "No answer.");
    });
    const auto failed = queue->receive(at_once, {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
    EXPECT_EQ(receive(*queue, at_once), std::nullopt);
    EXPECT_EQ(questions, 1);

    const JobId id = new_id();
    ASSERT_TRUE(queue->publish({id}));
    EXPECT_EQ(receive(*queue, at_once), id) << "hints need no catalog";
}

TEST_F(CatalogQueueTest, AThrowingCatalogLeavesNobodyWaiting) {
    const auto queue = make_catalog_queue(never_polls, [](std::uint32_t) -> Result<std::vector<WaitingJob>> {
        throw std::runtime_error("a bug");
    });
    const auto failed = queue->receive(at_once, {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::internal);
    EXPECT_EQ(receive(*queue, at_once), std::nullopt);
}

TEST_F(CatalogQueueTest, TheQuestionIsNeverLongerThanTheQueue) {
    std::vector<std::uint32_t> limits;
    const auto remember = [&](std::uint32_t limit) {
        limits.push_back(limit);
        return std::vector<WaitingJob>{};
    };
    EXPECT_EQ(receive(*make_catalog_queue({.hints_max = 2}, remember), at_once), std::nullopt);
    EXPECT_EQ(receive(*make_catalog_queue({.hints_max = 10'000}, remember), at_once), std::nullopt);
    EXPECT_THAT(limits, ElementsAre(2U, 256U));
}

TEST_F(CatalogQueueTest, BadConfigurationIsNamed) {
    EXPECT_TRUE(CatalogQueueConfig{}.validate());
    const auto refused = CatalogQueueConfig{.hints_max = 0, .poll_interval = Milliseconds{0}}.validate();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().faults, ElementsAre(testing::Field(&Fault::pointer, "hints_max"),
                                                    testing::Field(&Fault::pointer, "poll_interval")));
}

TEST_F(CatalogQueueTest, AFullLaneLeavesRoomInTheOthers) {
    const CatalogQueueConfig tiny{.hints_max = 1, .poll_interval = for_ever};
    const auto queue = make_catalog_queue(tiny, table_.as_source());
    const std::array ids{new_id(), new_id(), new_id()};
    ASSERT_TRUE(queue->publish({ids[0], Lane::overflow_normal}));
    ASSERT_TRUE(queue->publish({ids[1], Lane::overflow_normal})) << "dropped";
    ASSERT_TRUE(queue->publish({ids[2], Lane::normal}));
    EXPECT_EQ(queue->depth(), 2U);
    EXPECT_EQ(receive(*queue, at_once), ids[2]);
    EXPECT_EQ(receive(*queue, at_once), ids[0]);
}

TEST_F(CatalogQueueTest, WhatTheCatalogNamesComesByItsLane) {
    const std::array ids{new_id(), new_id()};
    const auto queue = make_catalog_queue(never_polls, [&](std::uint32_t) {
        return std::vector<WaitingJob>{{ids[0], Lane::bulk}, {ids[1], Lane::interactive}};
    });
    EXPECT_EQ(receive(*queue, at_once), ids[1]);
    EXPECT_EQ(receive(*queue, at_once), ids[0]);
}

TEST_F(CatalogQueueTest, AHintMovesToAMoreUrgentLaneButNotBack) {
    const auto queue = make_catalog_queue(never_polls, table_.as_source());
    const std::array ids{new_id(), new_id()};
    ASSERT_TRUE(queue->publish({ids[0], Lane::overflow_bulk}));
    ASSERT_TRUE(queue->publish({ids[1], Lane::overflow_bulk}));
    ASSERT_TRUE(queue->publish({ids[1], Lane::normal}));
    ASSERT_TRUE(queue->publish({ids[1], Lane::bulk}));
    EXPECT_EQ(queue->depth(), 2U);
    EXPECT_EQ(queue->depths(), (LaneDepths{0, 1, 0, 0, 0, 1}));
    EXPECT_EQ(receive(*queue, at_once), ids[1]);
    EXPECT_EQ(receive(*queue, at_once), ids[0]);
    EXPECT_EQ(receive(*queue, at_once), std::nullopt);
}

TEST_F(CatalogQueueTest, WhileOnlyTheOverflowWaitsTheCatalogIsAskedAsUsual) {
    const auto queue =
        make_catalog_queue({.hints_max = 10, .poll_interval = Milliseconds{1}}, table_.as_source());
    const std::array ids{new_id(), new_id()};
    ASSERT_TRUE(queue->publish({ids[0], Lane::overflow_normal}));
    table_.add(ids[1]);
    EXPECT_EQ(receive(*queue, at_once), ids[1]) << "more urgent, of another process";
    EXPECT_EQ(receive(*queue, at_once), ids[0]);
}

TEST_F(CatalogQueueTest, ALongOverflowIsWorkedOffWithoutAskingForEachHint) {
    constexpr std::size_t jobs = 600;  // more than a question names, and more than fit
    const CatalogQueueConfig small{.hints_max = 400, .poll_interval = for_ever};
    std::vector<WaitingJob> waiting;
    for (std::size_t i = 0; i < jobs; ++i) waiting.push_back({new_id(), Lane::overflow_normal});
    int questions = 0;
    const auto queue = make_catalog_queue(small, [&](std::uint32_t limit) {
        ++questions;
        return std::vector(waiting.begin(),
                           waiting.begin() + std::min<std::ptrdiff_t>(limit, std::ssize(waiting)));
    });
    for (const WaitingJob& job : waiting) ASSERT_TRUE(queue->publish(job));
    for (std::size_t i = 0; i < small.hints_max; ++i) {
        const auto id = receive(*queue, at_once);
        ASSERT_TRUE(id);
        std::erase_if(waiting, [&](const WaitingJob& job) { return job.id == *id; });
    }
    EXPECT_EQ(questions, 1);
}

}  // namespace
}  // namespace safelight
