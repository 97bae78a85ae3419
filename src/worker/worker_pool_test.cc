#include <gtest/gtest.h>
#include <sys/resource.h>

#include <latch>
#include <set>
#include <thread>

#include "service/testing/house.h"
#include "worker/worker.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

using Renditions = ScriptedRenderer::Renditions;

WorkerConfig quick_config() {
    WorkerConfig config;
    config.threads = 2;
    config.backoff_base = 1ms;
    config.backoff_max = 4ms;
    config.rescue_interval = 1h;  // unless a test asks for it, no job may depend on the rescuer's interval
    config.sweep_interval = 1h;
    return config;
}

class WorkerPoolTest : public ::testing::Test {
  protected:
    std::unique_ptr<WorkerPool> start() {
        return start_workers(
            config, {clock, house.ids, house.catalog, house.claims, house.rerenders,
                     house.database->bulk_operations(), house.ledger, *house.blobs, house.keys, house.queue,
                     house.renderer, house.watch, house.log, house.metrics});
    }

    /// Blocks each render until `gate` opens; cancellation is heeded.
    void render_behind(std::latch& gate, std::latch& entered) {
        house.renderer.on_render([&](ByteSource& source, std::span<const Transform> transforms,
                                     const CancelCheck& cancelled) -> Result<Renditions> {
            entered.count_down();
            while (!gate.try_wait()) {
                if (cancelled()) return failure(ErrorCode::cancelled, "Called off.");
                std::this_thread::yield();
            }
            return ScriptedRenderer::make(source, transforms);
        });
    }

    const SystemClock clock;
    House house{clock};
    WorkerConfig config = quick_config();
};

TEST_F(WorkerPoolTest, MakesWhatIsUploaded) {
    const auto pool = start();
    std::vector<JobId> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(house.upload({"thumbnail", "large"}).id);
    for (const JobId id : jobs) {
        const Job job = house.await_finished(id);
        EXPECT_EQ(job.status, JobStatus::processed);
        EXPECT_EQ(job.attempts, 1U);
    }
    pool->drain(patience);
    house.expect_in_order();
}

TEST_F(WorkerPoolTest, FindsWhatWasLeftFromBefore) {
    house.queue.hints_get_lost = true;
    const Job job = house.upload();
    house.queue.hints_get_lost = false;
    const auto pool = start();
    EXPECT_EQ(house.await_finished(job.id).status, JobStatus::processed);
}

TEST_F(WorkerPoolTest, ALostHintIsPublishedAgain) {
    config.rescue_interval = 5ms;
    const auto pool = start();
    house.queue.hints_get_lost = true;
    const Job job = house.upload();
    house.queue.hints_get_lost = false;
    EXPECT_EQ(house.await_finished(job.id).status, JobStatus::processed);
}

TEST_F(WorkerPoolTest, ARetryDoesNotWaitForTheRescuersInterval) {
    std::atomic<int> failures = 2;
    house.renderer.on_render([&](ByteSource& source, std::span<const Transform> transforms,
                                 const CancelCheck&) -> Result<Renditions> {
        if (failures-- > 0) return failure(ErrorCode::overloaded, "Busy.");
        return ScriptedRenderer::make(source, transforms);
    });
    const auto pool = start();
    const Job job = house.await_finished(house.upload().id);
    EXPECT_EQ(job.status, JobStatus::processed);
    EXPECT_EQ(job.attempts, 3U);
}

TEST_F(WorkerPoolTest, ACrasherDoesNotHoldUpGoodJobs) {
    const Job crasher = house.upload({"crash"});
    std::vector<JobId> good;
    for (int i = 0; i < 20; ++i) good.push_back(house.upload({"a", "b"}).id);
    house.renderer.on_render([&](ByteSource& source, std::span<const Transform> transforms,
                                 const CancelCheck&) -> Result<Renditions> {
        if (transforms.size() == 1) return failure(ErrorCode::renderer_failed, "Died.");
        return ScriptedRenderer::make(source, transforms);
    });
    config.threads = 1;
    const auto pool = start();
    for (const JobId id : good) EXPECT_EQ(house.await_finished(id).status, JobStatus::processed);
    const Job dead = house.await_finished(crasher.id);
    EXPECT_EQ(dead.status, JobStatus::failed);
    EXPECT_EQ(dead.attempts, 2U);
    EXPECT_EQ(dead.image.variants[0].error->code, ErrorCode::renderer_failed);
    pool->drain(patience);
    house.expect_in_order();
}

TEST_F(WorkerPoolTest, AQueueThatFailsIsAskedAgain) {
    house.queue.receive_failures = 1;
    config.threads = 1;
    const auto pool = start();
    EXPECT_EQ(house.await_finished(house.upload().id).status, JobStatus::processed);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "queue or catalog failed"), 1U);
}

TEST_F(WorkerPoolTest, RerendersComeWhenNoJobWaits) {
    constexpr std::size_t count = 3;
    Transform wanted;
    wanted.quality = 50;
    config.threads = 1;
    config.renders = 1;
    auto pool = start();
    std::vector<ImageId> images;
    for (std::size_t i = 0; i < count; ++i)
        images.push_back(house.await_finished(house.upload().id).image.id);
    pool->drain(patience);

    ASSERT_EQ(value_of(house.rerenders.request(images, "thumbnail", wanted, false, clock.now())), count);
    const Job job = house.upload();
    std::mutex mutex;
    std::vector<bool> order;  // whether each render was one of those again
    house.renderer.on_render(
        [&](ByteSource& source, std::span<const Transform> transforms, const CancelCheck&) {
            const std::lock_guard lock(mutex);
            order.push_back(transforms.front() == wanted);
            return ScriptedRenderer::make(source, transforms);
        });
    pool = start();
    house.script.await("complete_rerender", count);
    pool->drain(patience);
    EXPECT_EQ(order, (std::vector{false, true, true, true}));
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    EXPECT_EQ(value_of(house.rerenders.backlog()), 0U);
}

TEST_F(WorkerPoolTest, RerendersLeaveASlotForJobs) {
    std::latch gate(1);
    Transform wanted;
    wanted.quality = 50;
    config.threads = 2;
    config.renders = 2;
    config.rescue_interval = 10ms;
    const auto pool = start();
    std::vector<ImageId> images;
    for (int i = 0; i < 3; ++i) images.push_back(house.await_finished(house.upload().id).image.id);
    std::latch entered(1);
    house.renderer.on_render([&](ByteSource& source, std::span<const Transform> transforms,
                                 const CancelCheck& cancelled) -> Result<Renditions> {
        if (transforms.front() != wanted) return ScriptedRenderer::make(source, transforms);
        if (!entered.try_wait()) entered.count_down();
        while (!gate.try_wait()) {
            if (cancelled()) return failure(ErrorCode::cancelled, "Called off.");
            std::this_thread::yield();
        }
        return ScriptedRenderer::make(source, transforms);
    });
    ASSERT_EQ(value_of(house.rerenders.request(images, "thumbnail", wanted, false, clock.now())), 3U);
    entered.wait();
    EXPECT_EQ(house.await_finished(house.upload().id).status, JobStatus::processed)
        << "while the other slot is held by a render that takes long";
    gate.count_down();
    house.script.await("complete_rerender", 3);
    pool->drain(patience);
}

TEST_F(WorkerPoolTest, DrainWaitsForJobsInHand) {
    std::latch gate(1);
    std::latch entered(2);
    render_behind(gate, entered);
    const auto pool = start();
    const Job first = house.upload();
    const Job second = house.upload();
    entered.wait();
    EXPECT_EQ(pool->busy(), 2U);
    const Job waiting = house.upload();
    std::jthread drainer([&] { pool->drain(patience); });
    gate.count_down();
    drainer.join();
    EXPECT_EQ(pool->busy(), 0U);
    EXPECT_EQ(house.find(first.id).status, JobStatus::processed);
    EXPECT_EQ(house.find(second.id).status, JobStatus::processed);
    pool->drain(0ms);
    // Whether the third was still taken depends on when the stop came; it is not lost.
    const Job third = house.find(waiting.id);
    EXPECT_TRUE(third.status == JobStatus::processed || third.attempts == 0U);
    house.expect_in_order();
}

TEST_F(WorkerPoolTest, DrainGivesTheClaimsBackWhenItIsOver) {
    std::latch gate(1);
    std::latch entered(2);
    render_behind(gate, entered);
    const auto pool = start();
    const std::set<JobId> jobs{house.upload().id, house.upload().id};
    entered.wait();
    pool->drain(1ms);
    std::set<JobId> claimable;
    for (const WaitingJob& waiting : value_of(house.claims.claimable(10, clock.now())))
        claimable.insert(waiting.id);
    EXPECT_EQ(claimable, jobs);
    for (const JobId id : jobs) {
        EXPECT_EQ(value_of(house.claims.claim(id, 1min, clock.now()))->tries, 1U)
            << "the try was not counted";
    }
    house.expect_in_order();
}

TEST_F(WorkerPoolTest, AfterDrainNothingIsTaken) {
    const auto pool = start();
    pool->drain(1s);
    const Job job = house.upload();
    pool->drain(1s);
    EXPECT_EQ(house.find(job.id).attempts, 0U);
    EXPECT_EQ(house.renderer.renders(), 0U);
}

TEST_F(WorkerPoolTest, WithoutThreadsItOnlySweeps) {
    config.threads = 0;
    const auto key = house.ids.next<BlobKey>();
    ASSERT_TRUE(house.ledger.reserve(std::span(&key, 1), clock.now() - 1min));
    const Job job = house.upload();
    const auto pool = start();
    house.script.await("forget", 1);
    pool->drain(1s);
    EXPECT_EQ(house.find(job.id).attempts, 0U);
    EXPECT_EQ(house.script.count("claimable"), 0U);
    house.expect_in_order();
}

TEST_F(WorkerPoolTest, RendersAtALowerPriority) {
    std::atomic<int> nice = -1;
    house.renderer.on_render(
        [&](ByteSource& source, std::span<const Transform> transforms, const CancelCheck&) {
            nice = ::getpriority(PRIO_PROCESS, 0);
            return ScriptedRenderer::make(source, transforms);
        });
    const int own = ::getpriority(PRIO_PROCESS, 0);
    const auto pool = start();
    static_cast<void>(house.await_finished(house.upload().id));
    EXPECT_EQ(nice, std::max(own, 5));
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), own) << "that of the other threads stays";
}

TEST_F(WorkerPoolTest, ADestroyedPoolLeavesNothingHeld) {
    std::latch gate(1);
    std::latch entered(1);
    render_behind(gate, entered);
    const Job job = house.upload();
    {
        const auto pool = start();
        entered.wait();
    }
    EXPECT_EQ(value_of(house.claims.claimable(10, clock.now())), std::vector{WaitingJob{job.id}});
}

}  // namespace
}  // namespace safelight
