// How much memory all renders together may take: a render begins once its estimate is free.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include "renderer/renderer.h"

namespace safelight {

/// Any thread may call.
class RenderBudget {
  public:
    explicit RenderBudget(std::uint64_t bytes) : bytes_(bytes) {}

    /// Part of the budget, given back when destroyed. Must not outlive the budget.
    class Share {
      public:
        Share(Share&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
        Share& operator=(Share&&) = delete;
        ~Share();

      private:
        friend class RenderBudget;
        Share(RenderBudget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}

        RenderBudget* budget_;
        std::uint64_t bytes_;
    };

    /// Blocks until so much is free and whoever came before has got theirs: small ones never pass a large one
    /// by, or it would wait for ever. Empty once `cancelled` says so, which is asked every few milliseconds,
    /// and at once for more than the whole budget.
    [[nodiscard]] std::optional<Share> take(std::uint64_t bytes, const CancelCheck& cancelled);

    /// What is given out, for metrics.
    [[nodiscard]] std::uint64_t used_bytes() const;

  private:
    void give_back(std::uint64_t bytes);

    const std::uint64_t bytes_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t used_ = 0;            // guarded by mutex_
    std::list<std::uint64_t> waiting_;  // what each wants, who came first in front; guarded by mutex_
};

}  // namespace safelight
