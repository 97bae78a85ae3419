// Prolongs the leases of what is in hand, on a thread of its own: never behind image work.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/catalog.h"
#include "telemetry/log.h"

namespace safelight {

/// Any thread may call. What is passed in outlives it, and it outlives its holds.
class LeaseKeeper {
  private:
    struct Held;

  public:
    LeaseKeeper(JobClaims& claims, const Clock& clock, telemetry::Logger& log, Milliseconds lease);
    ~LeaseKeeper();
    LeaseKeeper(const LeaseKeeper&) = delete;
    LeaseKeeper& operator=(const LeaseKeeper&) = delete;

    /// Keeps one claim's lease until it is let go.
    class Hold {
      public:
        Hold(LeaseKeeper& keeper, std::shared_ptr<Held> held) : keeper_(keeper), held_(std::move(held)) {}
        ~Hold() { let_go(); }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

        /// Another attempt began, or the job is gone: the work is in vain. Any thread may ask.
        [[nodiscard]] bool is_lost() const;
        /// Renews now rather than at the next third, to learn early of a deletion. Any thread may call.
        void renew_soon();
        /// Renews no more. Waits for a renewal under way, so that none comes after the claim is given back.
        /// Idempotent.
        void let_go();

      private:
        LeaseKeeper& keeper_;
        const std::shared_ptr<Held> held_;
    };

    /// Prolongs one claim; called on the keeper's thread. Errors: fenced (the claim is lost), any other is
    /// tried again.
    using Renewal = std::function<Status(Milliseconds lease, Timestamp now)>;

    /// Begins to renew the claim every third of the lease, counted from now. `job_id` is for the log.
    [[nodiscard]] std::unique_ptr<Hold> hold(JobId job_id, Renewal renewal);
    [[nodiscard]] std::unique_ptr<Hold> hold(JobId job_id, std::uint32_t attempt);

  private:
    using SteadyTime =
        std::chrono::steady_clock::time_point;  // leases must not depend on a clock that is set

    struct Held {
        JobId job_id;
        Renewal renewal;
        std::atomic<bool> lost = false;
        SteadyTime due;         // guarded by mutex_
        bool renewing = false;  // guarded by mutex_
        bool kept = true;       // guarded by mutex_
    };

    void run(const std::stop_token& stop);
    [[nodiscard]] std::shared_ptr<Held> next_due() const;  // call with mutex_ held
    void renew(Held& held);

    JobClaims& claims_;
    const Clock& clock_;
    telemetry::Logger& log_;
    const Milliseconds lease_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<std::shared_ptr<Held>> holds_;  // guarded by mutex_; as many as there are workers
    std::jthread thread_;                     // last: ends before the rest goes
};

}  // namespace safelight
