// The issuer's public keys as they are known here, and when they are read again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "access/jwks_source.h"
#include "access/jwt_keys.h"
#include "base/clock.h"
#include "base/result.h"
#include "telemetry/log.h"

namespace safelight {

/// Keys, and their number in the order in which key sets came: what was verified by another set has to be
/// verified again.
struct KnownKeys {
    JwtKeys keys;
    std::uint64_t generation = 0;
};

/// Any thread may call.
class KeyKeeper {
  public:
    /// `log` outlives it.
    KeyKeeper(std::unique_ptr<JwksSource> source, Milliseconds interval_min, telemetry::Logger& log)
        : source_(std::move(source)), interval_min_(interval_min), log_(log) {}

    /// The last good set, whatever became of the source since; null when there was none yet. Does not block.
    [[nodiscard]] std::shared_ptr<const KnownKeys> current() const;

    /// Reads the source now. Blocks. Errors: unavailable, invalid_argument; the last good set is kept.
    [[nodiscard]] Status refresh();

    /// For a key that is not in `known`: reads the source unless that was tried less than interval_min ago.
    /// Of those who come meanwhile a few wait for the outcome, for a moment; the others get what is there.
    /// Blocks.
    [[nodiscard]] std::shared_ptr<const KnownKeys> newer_than(const std::shared_ptr<const KnownKeys>& known);

  private:
    using SteadyClock = std::chrono::steady_clock;

    [[nodiscard]] Result<JwtKeys> read();
    [[nodiscard]] Status take(Result<JwtKeys> read);

    const std::unique_ptr<JwksSource> source_;
    const Milliseconds interval_min_;
    telemetry::Logger& log_;

    mutable std::mutex mutex_;
    std::condition_variable finished_;
    std::shared_ptr<const KnownKeys> known_;           // guarded by mutex_
    std::optional<SteadyClock::time_point> tried_at_;  // guarded by mutex_
    bool is_reading_ = false;                          // guarded by mutex_
    int waiting_ = 0;                                  // guarded by mutex_
};

}  // namespace safelight
