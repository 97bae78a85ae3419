#include "service/key_stock.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace safelight {
namespace {

constexpr Milliseconds kept_max{5'000};
/// Refills that follow one another this soon are under load.
constexpr Milliseconds soon{1'000};

}  // namespace

KeyStock::KeyStock(const Clock& clock, IdGenerator& ids, BlobLedger& ledger, telemetry::Logger& log,
                   Milliseconds write_deadline, std::size_t ahead_max)
    : clock_(clock),
      ids_(ids),
      ledger_(ledger),
      log_(log),
      write_deadline_(write_deadline),
      ahead_max_(ahead_max),
      kept_(std::min(write_deadline / 4, kept_max)) {}

void KeyStock::drop_until(Timestamp time) {
    // Nothing is lost when this fails: the sweeper finds the rows.
    try {
        const std::lock_guard lock(mutex_);
        std::vector<BlobKey> keys;
        for (; !ready_.empty() && ready_.front().kept_until < time; ready_.pop_front())
            keys.push_back(ready_.front().key);
        if (keys.empty()) return;
        Status dropped = ledger_.abandon(keys);
        if (dropped) dropped = ledger_.forget(keys);
        if (!dropped)
            log_.warn("reserved keys left to the sweeper",
                      {{"count", keys.size()}, {"error", name_of(dropped.error().code)}});
    } catch (const std::exception& error) {
        log_.error("dropping reserved keys failed", {{"what", error.what()}});
    }
}

Result<std::vector<BlobKey>> KeyStock::take(std::size_t count) {
    const std::lock_guard lock(mutex_);
    const Timestamp now = clock_.now();
    // From the newest end: those that have waited for too long are dropped by drop_unneeded.
    const auto good =
        std::ranges::count_if(ready_, [now](const Ready& ready) { return ready.kept_until >= now; });
    if (static_cast<std::size_t>(good) < count) TRY(refill(count - static_cast<std::size_t>(good), now));
    std::vector<BlobKey> keys;
    for (std::size_t i = 0; i < count; ++i) {
        keys.push_back(ready_.back().key);
        ready_.pop_back();
    }
    return keys;
}

Status KeyStock::refill(std::size_t missing, Timestamp now) {
    const std::size_t ahead = keys_ahead(now);
    const Milliseconds kept = ahead > 0 ? kept_ : Milliseconds::zero();
    std::vector<BlobKey> keys;
    for (std::size_t i = 0; i < missing + ahead; ++i) keys.push_back(ids_.next<BlobKey>());
    TRY(ledger_.reserve(keys, now + kept + write_deadline_));
    for (const BlobKey key : keys) ready_.push_back({key, now + kept});
    refilled_at_ = now;
    ahead_ = ahead;
    return {};
}

/// None while the stock lasts; then one, and twice as many each time it ran out soon.
std::size_t KeyStock::keys_ahead(Timestamp now) const {
    const bool ran_out_soon = now - refilled_at_ < soon;
    return ran_out_soon ? std::min(std::max<std::size_t>(2 * ahead_, 1), ahead_max_) : 0;
}

}  // namespace safelight
