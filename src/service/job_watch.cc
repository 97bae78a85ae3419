#include "service/job_watch.h"

namespace safelight {

void JobWatch::Subscription::reset() {
    if (watch_ != nullptr) std::exchange(watch_, nullptr)->remove(job_id_, token_);
}

JobWatch::Subscription JobWatch::subscribe(JobId job_id, std::function<void()> callback) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t token = next_token_++;
    watchers_[job_id].emplace(token, std::move(callback));
    return {*this, job_id, token};
}

void JobWatch::notify(JobId job_id) {
    // Called under the lock, so that a callback never runs after its subscription has ended.
    const std::lock_guard lock(mutex_);
    call(job_id);
    call(any_job);
}

void JobWatch::notify_of_work() {
    const std::lock_guard lock(mutex_);
    call(any_job);
}

void JobWatch::call(JobId job_id) {
    const auto found = watchers_.find(job_id);
    if (found == watchers_.end()) return;
    for (const auto& [token, callback] : found->second) callback();
}

void JobWatch::remove(JobId job_id, std::uint64_t token) {
    const std::lock_guard lock(mutex_);
    const auto found = watchers_.find(job_id);
    if (found == watchers_.end()) return;
    found->second.erase(token);
    if (found->second.empty()) watchers_.erase(found);
}

}  // namespace safelight
