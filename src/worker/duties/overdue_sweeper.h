// Drops what is kept for a time only, once that is over: answers to an Idempotency-Key, unfinished uploads,
// deliveries of webhooks.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/idempotency.h"
#include "catalog/resumable_uploads.h"
#include "catalog/webhooks.h"
#include "telemetry/log.h"
#include "worker/duties/duty.h"

namespace safelight {

/// One kind of what may be overdue.
struct OverdueKind {
    std::string name;  // for the log, in the plural
    /// Drops at most `limit`; returns how many. Blocks.
    std::function<Result<std::uint64_t>(std::uint32_t limit, Timestamp now)> sweep;
};

/// Of what there is; null: there is none.
[[nodiscard]] std::vector<OverdueKind> overdue_kinds(Idempotency* answers, ResumableUploads* uploads,
                                                     DeliveryOutbox* outbox);

/// Any thread may call.
class OverdueSweeper {
  public:
    /// What is passed in outlives it.
    OverdueSweeper(const Clock& clock, std::vector<OverdueKind> kinds, telemetry::Logger& log,
                   Milliseconds interval);

    void start() { duty_.start(); }
    void stop() { duty_.stop(); }

    /// Of each kind until nothing is left, or the catalog does not answer. Returns how many are gone.
    std::uint64_t sweep(const std::stop_token& stop);

  private:
    std::uint64_t sweep(const OverdueKind& kind, const std::stop_token& stop);

    const Clock& clock_;
    const std::vector<OverdueKind> kinds_;
    telemetry::Logger& log_;
    Duty duty_;  // last: ends before the rest goes
};

}  // namespace safelight
