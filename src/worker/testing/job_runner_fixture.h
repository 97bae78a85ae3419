// One runner over real parts, with a clock that stands still.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "service/testing/house.h"
#include "worker/job_runner.h"
#include "worker/render_budget.h"
#include "worker/render_slots.h"

namespace safelight::testing {

using namespace std::chrono_literals;
using Renditions = ScriptedRenderer::Renditions;

inline const Timestamp start{1'700'000'000'000ms};

[[nodiscard]] inline WorkerConfig small_config() {
    WorkerConfig config;
    config.lease = 30s;
    config.tries_max = 3;
    config.backoff_base = 1s;
    config.write_deadline = 10min;
    return config;
}

[[nodiscard]] inline Error error_of(ErrorCode code) {
    return {code, "Injected.", {}, {}};
}

class JobRunnerTest : public ::testing::Test {
  protected:
    void run(JobId id) {
        WorkerConfig current = config;
        LeaseKeeper leases(house.claims, clock, house.log, current.lease);
        const WorkerParts parts = parts_of_house();
        RenderBudget budget(current.render_bytes_max);
        JobRunner runner(
            current, parts, leases, budget, [this](Timestamp due) { due_times.push_back(due); }, give_back);
        RenderSlots slots(1);
        static_cast<void>(runner.run(id, *slots.take({})));
    }

    [[nodiscard]] WorkerParts parts_of_house() {
        return {clock,        house.ids,       house.catalog,
                house.claims, house.rerenders, house.database->bulk_operations(),
                house.ledger, *house.blobs,    house.keys,
                house.queue,  house.renderer,  house.watch,
                house.log,    house.metrics,   copies};
    }

    /// Fails every transform, or the whole render.
    void render_fails_with(ErrorCode code) {
        house.renderer.on_render(
            [code](ByteSource&, std::span<const Transform>, const CancelCheck&) -> Result<Renditions> {
                return failure(code, "Injected.");
            });
    }

    /// Before it renders as usual.
    void before_render(std::function<void()> hook) {
        house.renderer.on_render([hook = std::move(hook)](ByteSource& source,
                                                          std::span<const Transform> transforms,
                                                          const CancelCheck&) {
            hook();
            return ScriptedRenderer::make(source, transforms);
        });
    }

    /// Waits to be called off, as image work does between its steps.
    void render_until_cancelled(std::function<void()> hook = [] {}) {
        house.renderer.on_render(
            [hook = std::move(hook)](ByteSource&, std::span<const Transform>,
                                     const CancelCheck& cancelled) -> Result<Renditions> {
                hook();
                while (!cancelled()) std::this_thread::yield();
                return failure(ErrorCode::cancelled, "Called off.");
            });
    }

    void expect_all_failed(const Job& job, ErrorCode code) {
        EXPECT_EQ(job.status, JobStatus::failed);
        for (const Variant& variant : job.image.variants) {
            EXPECT_EQ(variant.status, VariantStatus::failed);
            ASSERT_TRUE(variant.error);
            EXPECT_EQ(variant.error->code, code) << variant.error->detail;
        }
    }

    /// The job waits for its next try; nothing but the original is there.
    void expect_waiting(const Job& job, Milliseconds delay = 1s) {
        EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
        house.expect_in_order();
        EXPECT_EQ(house.stored().size(), 1U);
        ASSERT_FALSE(due_times.empty());
        EXPECT_GE(due_times.back(), clock.now() + delay / 2);
        EXPECT_LE(due_times.back(), clock.now() + delay * 3 / 2);
        EXPECT_TRUE(value_of(house.claims.claimable(10, due_times.back() - 1ms)).empty());
        EXPECT_EQ(value_of(house.claims.claimable(10, due_times.back())), std::vector{WaitingJob{job.id}});
    }

    ManualClock clock{start};
    House house{clock};
    WorkerConfig config = small_config();
    std::atomic<bool> give_back = false;
    LocalCopies* copies = nullptr;
    std::vector<Timestamp> due_times;
};

}  // namespace safelight::testing
