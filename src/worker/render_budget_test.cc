#include "worker/render_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace safelight {
namespace {

/// Waits until somebody stands in line: each look of a waiting one at its cancel check counts.
class Line {
  public:
    [[nodiscard]] CancelCheck check() {
        return [this] {
            ++looks_;
            return cancelled_.load();
        };
    }
    void await_waiting() const {
        while (looks_ == 0) std::this_thread::yield();
    }
    void cancel() { cancelled_ = true; }

  private:
    std::atomic<int> looks_ = 0;
    std::atomic<bool> cancelled_ = false;
};

TEST(RenderBudget, IsNeverOverdrawn) {
    constexpr std::uint64_t whole = 100;
    RenderBudget budget(whole);
    std::atomic<std::uint64_t> used = 0;
    std::atomic<std::uint64_t> most = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 6; ++i) {
        threads.emplace_back([&, i] {
            for (std::uint64_t round = 0; round < 300; ++round) {
                const std::uint64_t bytes = 1 + (i * 31 + round * 17) % whole;
                const auto share = budget.take(bytes, {});
                const std::uint64_t now = used += bytes;
                for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) continue;
                std::this_thread::yield();
                used -= bytes;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(most, whole);
    EXPECT_EQ(budget.used_bytes(), 0U);
}

TEST(RenderBudget, SharesAreGivenBackOnceWhateverHappensToThem) {
    RenderBudget budget(10);
    {
        auto share = budget.take(7, {});
        ASSERT_TRUE(share);
        EXPECT_EQ(budget.used_bytes(), 7U);
        const auto moved = std::move(*share);
        share.reset();
        EXPECT_EQ(budget.used_bytes(), 7U);
    }
    EXPECT_EQ(budget.used_bytes(), 0U);
    try {
        const auto share = budget.take(10, {});
        throw std::runtime_error("in a render");
    } catch (const std::runtime_error&) {
        EXPECT_EQ(budget.used_bytes(), 0U);
    }
    EXPECT_TRUE(budget.take(10, {}));
}

TEST(RenderBudget, ALargeOneIsNotPassedByThoseWhoCameLater) {
    RenderBudget budget(10);
    auto first = std::optional(budget.take(4, {}));
    Line large_line;
    std::atomic<bool> large_has_it = false;
    std::thread large([&] {
        const auto share = budget.take(8, large_line.check());
        EXPECT_TRUE(share);
        large_has_it = true;
    });
    large_line.await_waiting();
    Line small_line;
    std::thread small([&] {
        // There would be room, but not its turn.
        EXPECT_TRUE(budget.take(3, small_line.check()));
        EXPECT_TRUE(large_has_it);
    });
    small_line.await_waiting();
    EXPECT_EQ(budget.used_bytes(), 4U);
    first.reset();
    large.join();
    small.join();
}

TEST(RenderBudget, WhoIsCalledOffLeavesTheLine) {
    RenderBudget budget(10);
    auto first = std::optional(budget.take(4, {}));
    Line large_line;
    std::thread large([&] { EXPECT_FALSE(budget.take(8, large_line.check())); });
    large_line.await_waiting();
    Line small_line;
    std::thread small([&] { EXPECT_TRUE(budget.take(3, small_line.check())); });
    small_line.await_waiting();
    large_line.cancel();
    large.join();
    small.join();
    EXPECT_EQ(budget.used_bytes(), 4U);
}

TEST(RenderBudget, MoreThanAllIsRefusedAtOnce) {
    RenderBudget budget(10);
    EXPECT_FALSE(budget.take(11, {}));
    EXPECT_TRUE(budget.take(10, {}));
    EXPECT_EQ(budget.used_bytes(), 0U);
}

}  // namespace
}  // namespace safelight
