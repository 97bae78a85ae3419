// SIGTERM and SIGINT, taken by whoever waits for them instead of ending the process.
#pragma once

#include <csignal>

#include "base/clock.h"

namespace safelight::app {

/// Made before any thread starts, so that all of them inherit the mask. One thread at a time.
class StopSignals {
  public:
    StopSignals();

    /// Blocks until one comes; which.
    [[nodiscard]] int wait() const;

    /// Blocks for `time` at most. True when one came, now or in an earlier call.
    [[nodiscard]] bool wait_for(Milliseconds time);

    /// From now on a further signal ends the process at once.
    void end_at_the_next() const;

  private:
    sigset_t signals_{};
    bool came_ = false;
};

}  // namespace safelight::app
