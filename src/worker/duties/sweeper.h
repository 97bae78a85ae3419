// Removes the bytes of blobs that nothing refers to, then their ledger rows; and the rows of keys that nobody
// needs after all.
#pragma once

#include <cstddef>
#include <stop_token>

#include "base/clock.h"
#include "service/blob_reservation.h"
#include "telemetry/metrics.h"
#include "worker/duties/duty.h"

namespace safelight {

/// Any thread may call.
class Sweeper {
  public:
    Sweeper(const Clock& clock, const BlobParts& parts, KeyStocks& keys, telemetry::Metrics& metrics,
            Milliseconds interval);

    void start() { duty_.start(); }
    void stop() { duty_.stop(); }

    /// Until nothing is left, or what is left cannot be removed now. Returns how many blobs are gone.
    std::size_t sweep(const std::stop_token& stop);

  private:
    const Clock& clock_;
    const BlobParts parts_;
    KeyStocks& keys_;
    telemetry::Metrics& metrics_;
    const Milliseconds interval_;
    Duty duty_;  // last: ends before the rest goes
};

}  // namespace safelight
