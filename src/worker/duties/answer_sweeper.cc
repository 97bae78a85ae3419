#include "worker/duties/answer_sweeper.h"

namespace safelight {
namespace {

/// Bounds the transaction.
constexpr std::uint32_t batch_keys = 256;

}  // namespace

AnswerSweeper::AnswerSweeper(const Clock& clock, Idempotency& store, telemetry::Logger& log,
                             Milliseconds interval)
    : clock_(clock),
      store_(store),
      log_(log),
      duty_("answer-sweeper", log, [this, interval](const std::stop_token& stop) {
          sweep(stop);
          return interval;
      }) {}

std::uint64_t AnswerSweeper::sweep(const std::stop_token& stop) {
    std::uint64_t swept = 0;
    while (!stop.stop_requested()) {
        const auto dropped = store_.sweep(batch_keys, clock_.now());
        if (!dropped) {
            log_.warn("sweeping kept answers failed",
                      {{"error", name_of(dropped.error().code)}, {"detail", dropped.error().log_text}});
            break;
        }
        swept += *dropped;
        if (*dropped < batch_keys) break;
    }
    if (swept > 0) log_.debug("kept answers swept", {{"count", swept}});
    return swept;
}

}  // namespace safelight
