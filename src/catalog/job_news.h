// What any process does to jobs, told by the database. Hints only: they may be lost while the connection is
// down, so that whoever waits for them still looks for himself now and then.
#pragma once

#include "base/ids.h"
#include "base/lane.h"

namespace safelight {

/// Called on the thread of a JobNews, one call at a time; must be quick, must not throw.
class JobNewsListener {
  public:
    virtual ~JobNewsListener() = default;
    /// There is work to claim: for JobQueue::publish of a queue that knows only its own process.
    virtual void on_claimable(const WaitingJob& job) = 0;
    /// The job is finished or gone: for JobWatch::notify.
    virtual void on_changed(JobId job_id) = 0;
    /// Listening begins, anew after a break: what happened before was not told.
    virtual void on_listening() = 0;
};

/// Tells while it lives. After its end no call is running or comes.
class JobNews {
  public:
    virtual ~JobNews() = default;
    /// Whether it hears anything now; for readiness and metrics. Any thread may call.
    [[nodiscard]] virtual bool is_listening() const = 0;
};

}  // namespace safelight
