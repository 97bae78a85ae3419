#include "api/remembered_check.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

class RememberedCheck {
  public:
    RememberedCheck(std::function<Status()> check, Milliseconds age_max)
        : check_(std::move(check)), age_max_(age_max) {}

    Status ask() {
        std::unique_lock lock(mutex_);
        if (running_) changed_.wait(lock, [this] { return !running_ || outcome_; });
        if (outcome_ && (running_ || SteadyClock::now() - asked_at_ < age_max_)) return *outcome_;
        running_ = true;
        lock.unlock();
        Status outcome = run();
        lock.lock();
        running_ = false;
        asked_at_ = SteadyClock::now();
        outcome_ = outcome;
        changed_.notify_all();
        return outcome;
    }

  private:
    [[nodiscard]] Status run() const {
        try {
            return check_();
        } catch (const std::exception& exception) {
            return failure(ErrorCode::internal, "The check failed.", exception.what());
        }
    }

    const std::function<Status()> check_;
    const Milliseconds age_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool running_ = false;
    std::optional<Status> outcome_;
    SteadyClock::time_point asked_at_;
};

}  // namespace

ReadinessCheck remembered(ReadinessCheck check, Milliseconds age_max) {
    auto memory = std::make_shared<RememberedCheck>(std::move(check.check), age_max);
    return {std::move(check.name), [memory = std::move(memory)] { return memory->ask(); }, check.is_required};
}

}  // namespace safelight
