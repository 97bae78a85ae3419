// Who in this process waits for something to become of a job, or of any, and who tells them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/ids.h"

namespace safelight {

/// Any thread may call; never blocks for long.
class JobWatch {
  public:
    /// Ends the watch when destroyed: the callback is not running then, and never runs again. Must not
    /// outlive the JobWatch.
    class Subscription {
      public:
        Subscription() = default;
        Subscription(JobWatch& watch, JobId job_id, std::uint64_t token)
            : watch_(&watch), job_id_(job_id), token_(token) {}
        ~Subscription() { reset(); }
        Subscription(Subscription&& other) noexcept { *this = std::move(other); }
        Subscription& operator=(Subscription&& other) noexcept {
            if (this != &other) {
                reset();
                watch_ = std::exchange(other.watch_, nullptr);
                job_id_ = other.job_id_;
                token_ = other.token_;
            }
            return *this;
        }

      private:
        void reset();
        JobWatch* watch_ = nullptr;
        JobId job_id_;
        std::uint64_t token_ = 0;
    };

    /// `callback` is called on the notifying thread, possibly more than once; it must be quick and must not
    /// call back into the watch.
    [[nodiscard]] Subscription subscribe(JobId job_id, std::function<void()> callback);

    /// The same for all jobs.
    [[nodiscard]] Subscription subscribe_to_all(std::function<void()> callback) {
        return subscribe(any_job, std::move(callback));
    }

    /// The job's status or variants changed, or it was deleted.
    void notify(JobId job_id);
    /// A job came into being, or there is work for one: only who watches all of them is told.
    void notify_of_work();

  private:
    static constexpr JobId any_job{};

    void remove(JobId job_id, std::uint64_t token);
    void call(JobId job_id);  // with mutex_

    std::mutex mutex_;
    std::uint64_t next_token_ = 1;  // guarded by mutex_
    std::unordered_map<JobId, std::unordered_map<std::uint64_t, std::function<void()>>>
        watchers_;  // guarded by mutex_
};

}  // namespace safelight
