#include "worker/duties/sweeper.h"

#include <cstdint>
#include <optional>

namespace safelight {
namespace {

constexpr std::uint32_t batch_blobs = 256;

}  // namespace

Sweeper::Sweeper(const Clock& clock, const BlobParts& parts, KeyStocks& keys, telemetry::Metrics& metrics,
                 Milliseconds interval)
    : clock_(clock),
      parts_(parts),
      keys_(keys),
      metrics_(metrics),
      interval_(interval),
      duty_("sweeper", parts.log, [this](const std::stop_token& stop) {
          keys_.drop_unneeded();
          sweep(stop);
          return interval_;
      }) {}

std::size_t Sweeper::sweep(const std::stop_token& stop) {
    std::size_t swept = 0;
    std::optional<BlobKey> after;
    while (!stop.stop_requested()) {
        const auto keys = parts_.ledger.sweepable(after, batch_blobs, clock_.now());
        if (!keys) {
            parts_.log.warn("sweeping failed",
                            {{"error", name_of(keys.error().code)}, {"detail", keys.error().log_text}});
            break;
        }
        swept += remove_doomed(parts_, *keys);
        // What the store refuses waits for the next round, and does not hold up what lies behind it.
        if (keys->size() < batch_blobs) break;
        after = keys->back();
    }
    if (swept > 0) metrics_.blobs_swept(swept);
    return swept;
}

}  // namespace safelight
