#include "service/blob_reservation.h"

#include <exception>
#include <utility>

namespace safelight {
namespace {

void log_left(telemetry::Logger& log, const Error& error, std::size_t count) {
    log.warn("blobs left to the sweeper",
             {{"count", count},
              {"error", name_of(error.code)},
              {"detail", error.log_text.empty() ? error.public_text : error.log_text}});
}

}  // namespace

std::size_t remove_doomed(const BlobParts& parts, std::span<const BlobKey> keys) {
    std::vector<BlobKey> removed;
    removed.reserve(keys.size());
    const std::vector<Status> statuses = parts.blobs.remove_many(keys);
    const Error* trouble = nullptr;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (statuses[i]) removed.push_back(keys[i]);
        if (!statuses[i] && trouble == nullptr) trouble = &statuses[i].error();
    }
    if (trouble != nullptr) log_left(parts.log, *trouble, keys.size() - removed.size());
    if (removed.empty()) return 0;
    if (const Status status = parts.ledger.forget(removed); !status) {
        log_left(parts.log, status.error(), removed.size());
        return 0;
    }
    return removed.size();
}

Result<BlobReservation> BlobReservation::take(const BlobParts& parts, KeyStock& stock, std::size_t count) {
    TRY_ASSIGN(std::vector<BlobKey> keys, stock.take(count));
    return BlobReservation(parts, std::move(keys));
}

BlobReservation::BlobReservation(BlobReservation&& other) noexcept
    : parts_(other.parts_), keys_(std::exchange(other.keys_, {})), linking_(other.linking_) {}

BlobReservation::~BlobReservation() {
    if (keys_.empty()) return;
    // A destructor must not throw, and nothing is lost: the sweeper finds the rows.
    try {
        give_up();
    } catch (const std::exception& error) {
        parts_.log.error("giving up blobs failed", {{"what", error.what()}});
    }
}

void BlobReservation::give_up() {
    const Status abandoned = parts_.ledger.abandon(keys_);
    if (!abandoned) log_left(parts_.log, abandoned.error(), keys_.size());
    if (linking_) std::erase_if(keys_, [this](BlobKey key) { return may_be_live(key); });
    remove_doomed(parts_, keys_);
}

bool BlobReservation::may_be_live(BlobKey key) {
    const auto entry = parts_.ledger.find(key);
    if (!entry) return true;
    return entry->has_value() && (*entry)->state != BlobState::doomed;
}

}  // namespace safelight
