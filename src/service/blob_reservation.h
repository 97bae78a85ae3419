// Keeps the promise that no blob is left behind by whoever starts to write it.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "catalog/catalog.h"
#include "service/key_stock.h"
#include "telemetry/log.h"

namespace safelight {

/// Where blobs are written and accounted for.
struct BlobParts {
    BlobLedger& ledger;
    BlobStore& blobs;
    telemetry::Logger& log;
};

/// Removes the bytes of `doomed` blobs, then their ledger rows. Returns how many are gone; what could not be
/// removed keeps its row, for the sweeper.
std::size_t remove_doomed(const BlobParts& parts, std::span<const BlobKey> keys);

/// Keys with a `writing` row in the ledger. Unless a transaction made them live, they are given up when this
/// is destroyed: bytes removed, rows dropped. What a store refuses then is left to the sweeper. One thread at
/// a time; destroy the writers of the keys first. What `parts` names outlives it.
class BlobReservation {
  public:
    /// So many keys of the stock. Errors: as BlobLedger::reserve.
    [[nodiscard]] static Result<BlobReservation> take(const BlobParts& parts, KeyStock& stock,
                                                      std::size_t count);
    ~BlobReservation();
    BlobReservation(BlobReservation&& other) noexcept;
    BlobReservation& operator=(BlobReservation&&) = delete;

    [[nodiscard]] std::span<const BlobKey> keys() const { return keys_; }

    /// A transaction made them live.
    void linked() { keys_.clear(); }

    /// A transaction is about to make them live. Should it fail without a clear answer (the connection was
    /// lost while it committed), the ledger is asked before any byte is removed.
    void linking() { linking_ = true; }

  private:
    BlobReservation(const BlobParts& parts, std::vector<BlobKey> keys)
        : parts_(parts), keys_(std::move(keys)) {}
    void give_up();
    [[nodiscard]] bool may_be_live(BlobKey key);

    BlobParts parts_;
    std::vector<BlobKey> keys_;
    bool linking_ = false;
};

}  // namespace safelight
