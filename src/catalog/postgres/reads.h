// Where single records and listings are read: at a hot standby when there is one that has everything this
// process has written, else at the primary.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "catalog/postgres/pool.h"

namespace safelight::postgres {

/// Any thread may call; calls block.
class Reads {
  public:
    /// `standby` may be null. `primary` must outlive this, and track positions when there is a standby.
    Reads(Pool& primary, std::unique_ptr<Pool> standby) : primary_(primary), standby_(std::move(standby)) {}

    /// Runs `work`, whose statements only read. What the standby does not find is looked for at the primary:
    /// it may be there since a moment ago, written by another process. Errors: those of `work`; unavailable.
    template <class Work>
    [[nodiscard]] auto read(Work&& work) -> std::invoke_result_t<Work&, Connection&> {
        using Outcome = std::invoke_result_t<Work&, Connection&>;
        if (standby_ != nullptr && is_trusted()) {
            Outcome outcome = standby_->read([&](Connection& connection) -> Outcome {
                TRY(require_caught_up(connection));
                return work(connection);
            });
            if (outcome) return outcome;
            const ErrorCode code = outcome.error().code;
            if (code == ErrorCode::unavailable) note_trouble();
            if (code != ErrorCode::unavailable && code != ErrorCode::overloaded &&
                code != ErrorCode::not_found)
                return outcome;
        }
        return primary_.read(work);
    }

    /// How many reads the standby was good for, for tests and metrics.
    [[nodiscard]] std::uint64_t caught_up_count() const { return caught_up_; }

  private:
    using SteadyClock = std::chrono::steady_clock;
    static constexpr Milliseconds pause{5'000};  // after trouble with the standby

    [[nodiscard]] bool is_trusted() const {
        return SteadyClock::now().time_since_epoch().count() >= trusted_again_at_;
    }
    void note_trouble() { trusted_again_at_ = (SteadyClock::now() + pause).time_since_epoch().count(); }

    /// Errors: overloaded (the standby is behind).
    [[nodiscard]] Status require_caught_up(Connection& connection);

    Pool& primary_;
    const std::unique_ptr<Pool> standby_;
    std::atomic<SteadyClock::rep> trusted_again_at_ = 0;
    std::atomic<std::uint64_t> caught_up_ = 0;
};

}  // namespace safelight::postgres
