#include "worker/duties/overdue_sweeper.h"

#include <fmt/format.h>

#include <utility>

namespace safelight {
namespace {

/// Bounds the transaction.
constexpr std::uint32_t batch = 256;

}  // namespace

std::vector<OverdueKind> overdue_kinds(Idempotency* answers, ResumableUploads* uploads,
                                       DeliveryOutbox* outbox) {
    std::vector<OverdueKind> kinds;
    if (answers != nullptr) kinds.push_back({"kept answers", std::bind_front(&Idempotency::sweep, answers)});
    if (uploads != nullptr)
        kinds.push_back({"expired uploads", std::bind_front(&ResumableUploads::sweep, uploads)});
    if (outbox != nullptr)
        kinds.push_back({"webhook deliveries", std::bind_front(&DeliveryOutbox::sweep, outbox)});
    return kinds;
}

OverdueSweeper::OverdueSweeper(const Clock& clock, std::vector<OverdueKind> kinds, telemetry::Logger& log,
                               Milliseconds interval)
    : clock_(clock),
      kinds_(std::move(kinds)),
      log_(log),
      duty_("overdue-sweeper", log, [this, interval](const std::stop_token& stop) {
          sweep(stop);
          return interval;
      }) {}

std::uint64_t OverdueSweeper::sweep(const std::stop_token& stop) {
    std::uint64_t swept = 0;
    for (const OverdueKind& kind : kinds_) swept += sweep(kind, stop);
    return swept;
}

std::uint64_t OverdueSweeper::sweep(const OverdueKind& kind, const std::stop_token& stop) {
    std::uint64_t swept = 0;
    while (!stop.stop_requested()) {
        const auto dropped = kind.sweep(batch, clock_.now());
        if (!dropped) {
            log_.warn(fmt::format("sweeping {} failed", kind.name),
                      {{"error", name_of(dropped.error().code)}, {"detail", dropped.error().log_text}});
            break;
        }
        swept += *dropped;
        if (*dropped < batch) break;
    }
    if (swept > 0) log_.debug(fmt::format("{} swept", kind.name), {{"count", swept}});
    return swept;
}

}  // namespace safelight
