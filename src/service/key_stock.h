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
    /// Drops the rows of all keys that nobody took. Should the process die instead, they are swept.
    ~KeyStock() { drop_until(Timestamp::max()); }
    KeyStock(const KeyStock&) = delete;
    KeyStock& operator=(const KeyStock&) = delete;

    /// Keys that are `writing` in the ledger. Errors: as BlobLedger::reserve.
    [[nodiscard]] Result<std::vector<BlobKey>> take(std::size_t count);

    /// Drops the rows of the keys that have waited for too long. Throws nothing.
    void drop_unneeded() { drop_until(clock_.now()); }

  private:
    struct Ready {
        BlobKey key;
        Timestamp kept_until;  // after it too little time would be left for writing, or the load is over
    };

    void drop_until(Timestamp time);
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

/// One for each kind of blob, for their deadlines differ.
struct KeyStocks {
    KeyStock originals;
    KeyStock variants;

    void drop_unneeded() {
        originals.drop_unneeded();
        variants.drop_unneeded();
    }
};

}  // namespace safelight
