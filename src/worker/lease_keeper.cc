#include "worker/lease_keeper.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace safelight {

LeaseKeeper::LeaseKeeper(JobClaims& claims, const Clock& clock, telemetry::Logger& log, Milliseconds lease)
    : claims_(claims), clock_(clock), log_(log), lease_(lease) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    pthread_setname_np(thread_.native_handle(), "lease-keeper");
}

LeaseKeeper::~LeaseKeeper() = default;

std::unique_ptr<LeaseKeeper::Hold> LeaseKeeper::hold(JobId job_id, std::uint32_t attempt) {
    return hold(job_id, [this, job_id, attempt](Milliseconds lease, Timestamp now) {
        return claims_.renew(job_id, attempt, lease, now);
    });
}

std::unique_ptr<LeaseKeeper::Hold> LeaseKeeper::hold(JobId job_id, Renewal renewal) {
    auto held = std::make_shared<Held>();
    held->job_id = job_id;
    held->renewal = std::move(renewal);
    held->due = std::chrono::steady_clock::now() + lease_ / 3;
    const std::lock_guard lock(mutex_);
    holds_.push_back(held);
    return std::make_unique<Hold>(*this, std::move(held));
}

bool LeaseKeeper::Hold::is_lost() const {
    return held_->lost.load(std::memory_order_relaxed);
}

void LeaseKeeper::Hold::renew_soon() {
    {
        const std::lock_guard lock(keeper_.mutex_);
        held_->due = SteadyTime::min();
    }
    keeper_.changed_.notify_all();
}

void LeaseKeeper::Hold::let_go() {
    std::unique_lock lock(keeper_.mutex_);
    if (!held_->kept) return;
    held_->kept = false;
    keeper_.holds_.remove(held_);
    keeper_.changed_.wait(lock, [this] { return !held_->renewing; });
}

void LeaseKeeper::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const std::shared_ptr<Held> next = next_due();
        const SteadyTime now = std::chrono::steady_clock::now();
        const SteadyTime until = next ? next->due : now + lease_ / 3;
        if (until > now) {
            // A hold taken meanwhile is due later than this, so that taking one wakes nobody; renew_soon
            // does.
            changed_.wait_until(lock, stop, until, [this, until] {
                const auto first = next_due();
                return first != nullptr && first->due < until;
            });
            continue;
        }
        next->renewing = true;
        next->due = now + lease_ / 3;
        lock.unlock();
        try {
            renew(*next);
        } catch (const std::exception& exception) {
            log_.error("exception in the lease keeper",
                       {{"job_id", next->job_id.to_string()}, {"what", exception.what()}});
        }
        lock.lock();
        next->renewing = false;
        changed_.notify_all();
    }
}

std::shared_ptr<LeaseKeeper::Held> LeaseKeeper::next_due() const {
    const auto first = std::ranges::min_element(holds_, {}, [](const auto& held) { return held->due; });
    return first == holds_.end() ? nullptr : *first;
}

void LeaseKeeper::renew(Held& held) {
    if (held.lost) return;
    const Status status = held.renewal(lease_, clock_.now());
    if (status) return;
    if (status.error().code == ErrorCode::fenced) {
        held.lost = true;
        return;
    }
    // The next third tries again; should the lease run out before, the fencing token protects the job.
    log_.warn("renewing a lease failed", {{"job_id", held.job_id.to_string()},
                                          {"error", name_of(status.error().code)},
                                          {"detail", status.error().log_text}});
}

}  // namespace safelight
