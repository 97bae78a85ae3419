// Where single records and listings are read: at a hot standby when it shows all that was acknowledged before
// the read began, else at the primary.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "catalog/postgres/log_position.h"
#include "catalog/postgres/pool.h"

namespace safelight::postgres {

/// Whether it makes sense to ask a server. After trouble it is left alone for a while, and then one call
/// tries it while the others still go elsewhere. Any thread may call; never blocks.
class Trust {
  public:
    using SteadyClock = std::chrono::steady_clock;

    /// True for everybody while there was no trouble, else for one call when the pause is over.
    [[nodiscard]] bool may_ask(SteadyClock::time_point now = SteadyClock::now());
    void note_success();
    void note_trouble(Milliseconds pause, SteadyClock::time_point now = SteadyClock::now());

  private:
    static constexpr Milliseconds trial{5'000};  // how long a call that tries has the field to itself

    std::atomic<SteadyClock::rep> doubted_until_ = 0;  // 0: trusted
};

/// Any thread may call; calls block.
class Reads {
  public:
    /// `standby` may be null. `primary` must outlive this.
    Reads(Pool& primary, std::unique_ptr<Pool> standby)
        : primary_(primary), standby_(std::move(standby)), written_(primary) {}

    /// Runs `work`, whose statements only read; maybe twice. It sees everything that any process was told to
    /// be written before this call. Whatever is wrong with the standby costs time at the most. Errors: those
    /// of `work`; unavailable.
    template <class Work>
    [[nodiscard]] auto read(Work&& work) -> std::invoke_result_t<Work&, Connection&> {
        using Outcome = std::invoke_result_t<Work&, Connection&>;
        if (standby_ == nullptr || !trust_.may_ask()) return primary_.read(work);
        const Result<LogPosition> wanted = written_.ask();
        if (!wanted) return primary_.read(work);
        bool is_answered = false;
        bool is_behind = false;
        Outcome outcome = standby_->read([&](Connection& connection) -> Outcome {
            TRY_ASSIGN(const bool has_caught_up, catch_up(connection, *wanted));
            is_behind = !has_caught_up;
            if (is_behind) return failure(ErrorCode::unavailable, {}, "the standby is behind");
            Outcome found = work(connection);
            is_answered = found || is_finding(found.error().code);
            return found;
        });
        if (!is_answered) {
            trust_.note_trouble(is_behind ? pause_when_behind : pause_when_broken);
            return primary_.read(work);
        }
        trust_.note_success();
        ++answered_by_standby_;
        return outcome;
    }

    /// For tests.
    [[nodiscard]] std::uint64_t answered_by_standby() const { return answered_by_standby_; }

  private:
    static constexpr Milliseconds pause_when_broken{5'000};
    static constexpr Milliseconds pause_when_behind{100};

    /// Errors that say what is stored, rather than that asking went wrong.
    [[nodiscard]] static bool is_finding(ErrorCode code) {
        return code == ErrorCode::not_found || code == ErrorCode::conflict;
    }

    /// Waits for a few milliseconds. Errors: those of a query; conflict (no standby, or of another database).
    [[nodiscard]] static Result<bool> catch_up(Connection& standby, const LogPosition& wanted);

    Pool& primary_;
    const std::unique_ptr<Pool> standby_;
    PrimaryPosition written_;
    Trust trust_;
    std::atomic<std::uint64_t> answered_by_standby_ = 0;
};

}  // namespace safelight::postgres
