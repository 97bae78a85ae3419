// Drops the answers to an Idempotency-Key that were kept for their time, and the keys of requests that died.
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/clock.h"
#include "catalog/idempotency.h"
#include "telemetry/log.h"
#include "worker/duties/duty.h"

namespace safelight {

/// Any thread may call.
class AnswerSweeper {
  public:
    /// What is passed in outlives it.
    AnswerSweeper(const Clock& clock, Idempotency& store, telemetry::Logger& log, Milliseconds interval);

    void start() { duty_.start(); }
    void stop() { duty_.stop(); }

    /// Until nothing is left, or the catalog does not answer. Returns how many are gone.
    std::uint64_t sweep(const std::stop_token& stop);

  private:
    const Clock& clock_;
    Idempotency& store_;
    telemetry::Logger& log_;
    Duty duty_;  // last: ends before the rest goes
};

}  // namespace safelight
