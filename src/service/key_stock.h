// Blob keys whose ledger rows were written ahead: under load, many keys share one transaction.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "telemetry/log.h"

namespace safelight {

/// Any thread may call; calls block. What is passed in outlives it.
class KeyStock {
  public:
    /// Each key may be written for `write_deadline` from when it is taken. At most `ahead_max` are reserved
    /// for nobody yet.
    KeyStock(const Clock& clock, IdGenerator& ids, BlobLedger& ledger, telemetry::Logger& log,
             Milliseconds write_deadline, std::size_t ahead_max);
    /// As drop(). Should the process die instead, the rows are swept.
    ~KeyStock() { drop(); }
    KeyStock(const KeyStock&) = delete;
    KeyStock& operator=(const KeyStock&) = delete;

    /// Keys that are `writing` in the ledger. Errors: as BlobLedger::reserve.
    [[nodiscard]] Result<std::vector<BlobKey>> take(std::size_t count);

    /// Drops the rows of the keys that nobody took. Throws nothing.
    void drop();

  private:
    struct Ready {
        BlobKey key;
        Timestamp kept_until;  // after it too little time would be left for writing
    };

    [[nodiscard]] Status refill(std::size_t missing, Timestamp now);
    [[nodiscard]] std::size_t keys_ahead(Timestamp now) const;

    const Clock& clock_;
    IdGenerator& ids_;
    BlobLedger& ledger_;
    telemetry::Logger& log_;
    const Milliseconds write_deadline_;
    const std::size_t ahead_max_;
    const Milliseconds kept_;  // how long a key may wait for somebody

    std::mutex mutex_;         // held while the ledger is written: whoever waits for it finds the keys there
    std::deque<Ready> ready_;  // guarded by mutex_, as all below; the oldest first
    Timestamp refilled_at_{};
    std::size_t ahead_ = 0;  // of the last refill
};

}  // namespace safelight
