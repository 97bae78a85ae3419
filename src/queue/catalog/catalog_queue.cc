#include "queue/catalog/catalog_queue.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "queue/lane_turns.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;  // waiting is measured, not dated: a wall clock may jump

constexpr std::uint32_t question_max = 256;  // jobs asked for at once
constexpr Milliseconds timeout_max = std::chrono::hours(24 * 365);

class CatalogQueue final : public JobQueue {
  public:
    CatalogQueue(const CatalogQueueConfig& config, PendingJobs pending)
        : hints_max_(config.hints_max),
          poll_interval_(config.poll_interval),
          question_limit_(std::min(config.hints_max, question_max)),
          pending_(std::move(pending)) {}

    Status publish(const WaitingJob& job) override {
        {
            const std::lock_guard lock(mutex_);
            if (!add_hint(job)) return {};
        }
        changed_.notify_one();
        return {};
    }

    Result<std::optional<Delivery>> receive(Milliseconds timeout, const std::stop_token& stop) override {
        const auto deadline = SteadyClock::now() + std::min(timeout, timeout_max);
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            if (!waiting_.empty() && !may_be_overtaken()) return take_hint();
            if (may_ask()) {
                TRY(ask(lock));
                continue;
            }
            if (SteadyClock::now() >= deadline) break;
            // While another receiver is asking, its answer is what there is to wait for.
            const auto wake_at = asking_ ? deadline : std::min(deadline, next_question_at_);
            const std::uint64_t seen = answers_;
            changed_.wait_until(lock, stop, wake_at, [&] { return !waiting_.empty() || answers_ != seen; });
        }
        // The wake-up for a hint may have come to this receiver, which leaves without it.
        if (!waiting_.empty()) changed_.notify_one();
        return std::nullopt;
    }

    Status acknowledge(const Delivery&) override { return {}; }

    Result<LaneDepths> depths() override {
        const std::lock_guard lock(mutex_);
        return depths_;
    }

    Status check() override { return {}; }

  private:
    /// Needs the lock. False when there is nothing new for a receiver.
    bool add_hint(const WaitingJob& job) {
        const auto known = waiting_.find(job.id);
        if (known != waiting_.end() && known->second <= job.lane) return false;
        std::deque<JobId>& hints = hints_[index_of(job.lane)];
        if (hints.size() >= hints_max_) {
            ask_soon_ = true;
            return false;
        }
        hints.push_back(job.id);
        ++depths_[index_of(job.lane)];
        if (known == waiting_.end()) {
            waiting_.emplace(job.id, job.lane);
            return true;
        }
        // It was in a less urgent lane, where it is passed over from now on.
        --depths_[index_of(known->second)];
        known->second = job.lane;
        return false;
    }

    /// Needs the lock, and a hint.
    Delivery take_hint() {
        const LaneTurns::Order order = turns_.next();
        const Lane lane = *std::ranges::find_if(order, [&](Lane one) { return depths_[index_of(one)] > 0; });
        std::deque<JobId>& hints = hints_[index_of(lane)];
        for (;;) {
            const JobId job_id = hints.front();
            hints.pop_front();
            const auto known = waiting_.find(job_id);
            if (known == waiting_.end() || known->second != lane) continue;
            waiting_.erase(known);
            --depths_[index_of(lane)];
            return {job_id, lane, {}};
        }
    }

    /// Needs the lock. Nothing but the overflow waits, and it is time to ask whether another process has more
    /// urgent work. That there are more hints than fit is no reason: they are no more urgent.
    [[nodiscard]] bool may_be_overtaken() const {
        const bool only_overflow_waits = std::ranges::none_of(
            all_lanes, [&](Lane lane) { return !is_overflow(lane) && depths_[index_of(lane)] > 0; });
        return only_overflow_waits && !asking_ && SteadyClock::now() >= next_question_at_;
    }

    /// Needs the lock.
    [[nodiscard]] bool may_ask() const {
        return !asking_ && (ask_soon_ || SteadyClock::now() >= next_question_at_);
    }

    /// Needs the lock, and lets go of it while the catalog is asked.
    [[nodiscard]] Status ask(std::unique_lock<std::mutex>& lock) {
        asking_ = true;
        ask_soon_ = false;
        lock.unlock();
        auto answer = call_pending();
        lock.lock();
        asking_ = false;
        ++answers_;
        next_question_at_ = SteadyClock::now() + poll_interval_;
        if (answer) {
            for (const WaitingJob& job : *answer) add_hint(job);
            if (is_cut_off(*answer)) ask_soon_ = true;
        } else {
            ask_soon_ = false;  // not at once: a catalog in trouble is left alone for a while
        }
        changed_.notify_all();
        if (!answer) return forward(std::move(answer));
        return {};
    }

    /// Whether there may be more than the answer says.
    [[nodiscard]] bool is_cut_off(const std::vector<WaitingJob>& answer) const {
        return std::ranges::any_of(all_lanes, [&](Lane lane) {
            return std::ranges::count(answer, lane, &WaitingJob::lane) >= question_limit_;
        });
    }

    [[nodiscard]] Result<std::vector<WaitingJob>> call_pending() {
        try {
            return pending_(question_limit_);
        } catch (const std::exception& exception) {
            // A bug; but one that must not leave the other receivers waiting for this answer for ever.
            return failure(ErrorCode::internal, "Something went wrong.", exception.what());
        }
    }

    const std::size_t hints_max_;
    const Milliseconds poll_interval_;
    const std::uint32_t question_limit_;
    const PendingJobs pending_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    LaneTurns turns_;
    std::array<std::deque<JobId>, all_lanes.size()> hints_;  // guarded by mutex_; by lane
    std::unordered_map<JobId, Lane> waiting_;     // guarded by mutex_; where in hints_ each id counts
    LaneDepths depths_{};                         // guarded by mutex_; how many count in each lane
    bool asking_ = false;                         // guarded by mutex_; a receiver is waiting for pending_
    bool ask_soon_ = false;                       // guarded by mutex_; there is more than the hints say
    std::uint64_t answers_ = 0;                   // guarded by mutex_; how often pending_ has answered
    SteadyClock::time_point next_question_at_{};  // guarded by mutex_; at first: at once
};

}  // namespace

Status CatalogQueueConfig::validate() const {
    std::vector<Fault> faults;
    if (hints_max == 0) faults.push_back({"hints_max", "The queue has to hold at least one hint."});
    if (poll_interval < Milliseconds{1})
        faults.push_back({"poll_interval", "The catalog is asked at most every 1 ms."});
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

std::unique_ptr<JobQueue> make_catalog_queue(const CatalogQueueConfig& config, PendingJobs pending) {
    return std::make_unique<CatalogQueue>(config, std::move(pending));
}

}  // namespace safelight
