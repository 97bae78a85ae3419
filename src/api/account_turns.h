// Requests of one account that wait for one another in the catalog anyway: so few of them at a time that the
// threads and connections of this process are left to others. Whoever waits here is a coroutine and takes
// neither.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/records.h"
#include "http/task.h"

namespace safelight {

/// Any thread may call.
class AccountTurns {
    struct Lines;
    struct Waiter;

  public:
    explicit AccountTurns(std::size_t at_once, Milliseconds wait = Milliseconds{30'000});

    /// Given to the next in the line when destroyed. It may outlive the turns.
    class Turn {
      public:
        Turn(std::shared_ptr<Lines> lines, AccountId account, std::shared_ptr<Waiter> waiter)
            : lines_(std::move(lines)), account_(account), waiter_(std::move(waiter)) {}
        ~Turn();
        Turn(Turn&&) = default;
        Turn& operator=(Turn&&) = delete;

      private:
        friend class AccountTurns;

        std::shared_ptr<Lines> lines_;  // null: moved from
        AccountId account_;
        std::shared_ptr<Waiter> waiter_;
    };

    /// In the order in which they came. A server that drains lets everybody go on, to be done with it.
    /// Errors: overloaded (it took too long).
    [[nodiscard]] http::Task<Result<Turn>> take(AccountId account);

  private:
    struct Waiter {
        http::Event called{};
        bool has_turn = false;  // guarded by Lines::mutex
    };
    struct Line {
        std::size_t at_work = 0;
        std::deque<std::shared_ptr<Waiter>> waiting;
    };
    struct Lines {
        std::mutex mutex;
        std::map<AccountId, Line> by_account;  // guarded by mutex; of those with somebody at work
    };

    /// In the line, or at work at once.
    [[nodiscard]] Turn join(AccountId account);
    [[nodiscard]] bool has_turn(const Turn& turn) const;

    const std::size_t at_once_;
    const Milliseconds wait_;
    const std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

}  // namespace safelight
