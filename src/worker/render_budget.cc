#include "worker/render_budget.h"

#include "base/clock.h"

namespace safelight {
namespace {

/// How often who waits looks whether anybody still wants the result.
constexpr Milliseconds cancel_interval{20};

}  // namespace

RenderBudget::Share::~Share() {
    if (budget_ != nullptr) budget_->give_back(bytes_);
}

std::optional<RenderBudget::Share> RenderBudget::take(std::uint64_t bytes, const CancelCheck& cancelled) {
    if (bytes > bytes_) return std::nullopt;
    std::unique_lock lock(mutex_);
    const auto turn = waiting_.insert(waiting_.end(), bytes);
    const auto is_free = [&] { return turn == waiting_.begin() && bytes <= bytes_ - used_; };
    bool is_wanted = true;
    while (is_wanted && !is_free()) {
        if (changed_.wait_for(lock, cancel_interval, is_free)) break;
        // Asked without the lock: what it does is not known here.
        lock.unlock();
        is_wanted = !cancelled || !cancelled();
        lock.lock();
    }
    waiting_.erase(turn);
    if (is_wanted) used_ += bytes;
    // The next in line may fit as well.
    changed_.notify_all();
    if (!is_wanted) return std::nullopt;
    return Share(*this, bytes);
}

std::uint64_t RenderBudget::used_bytes() const {
    const std::lock_guard lock(mutex_);
    return used_;
}

void RenderBudget::give_back(std::uint64_t bytes) {
    // Notified under the lock: once it is let go, whoever waited may destroy the budget.
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
    changed_.notify_all();
}

}  // namespace safelight
