// The connections to one server, handed out one call at a time, and what is done when one breaks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/postgres/connection.h"

namespace safelight::postgres {

/// Any thread may call; calls block. Errors of every call: those of its work; unavailable (also when no
/// connection became free in time), storage_full.
class Pool {
  public:
    struct Options {
        ConnectionOptions connection;
        std::uint32_t connections = 16;
        Milliseconds wait{2'000};  // for a free connection
        int repetitions_max = 5;   // of what may well succeed the next time
    };

    /// Connections are opened when they are first needed, and again after they broke.
    explicit Pool(Options options) : options_(std::move(options)), free_(options_.connections) {}

    /// Runs `work(Connection&)`, which returns a Result, inside a transaction; an error undoes all that it
    /// did. It is run again when the transaction certainly was not committed and may well be the next time:
    /// once after a broken connection, a few times after a deadlock. So it must not keep anything from a run
    /// before.
    template <class Work>
    [[nodiscard]] auto write(Work&& work) -> std::invoke_result_t<Work&, Connection&> {
        return persist([&](Connection& connection) { return in_transaction(connection, work); },
                       [](const Connection& connection) { return !connection.is_outcome_unknown(); });
    }

    /// Runs `work`, which is one writing statement: a transaction by itself, without the way there and back
    /// that beginning and committing one would take. After a connection broke under it nobody knows whether
    /// it was carried out, so that it is not run again.
    template <class Work>
    [[nodiscard]] auto write_one(Work&& work) -> std::invoke_result_t<Work&, Connection&> {
        return persist(work, [](const Connection&) { return false; });
    }

    /// Runs `work`, whose statements only read; each of them sees one state of the database.
    template <class Work>
    [[nodiscard]] auto read(Work&& work) -> std::invoke_result_t<Work&, Connection&> {
        return persist(work, [](const Connection&) { return true; });
    }

    /// Whether a connection can be had, reads and may write. Waits for `timeout` at most, and for connecting.
    [[nodiscard]] Status check(Milliseconds timeout);

  private:
    /// One connection, on loan.
    class Lease {
      public:
        Lease(Pool& pool, std::unique_ptr<Connection> connection)
            : pool_(&pool), connection_(std::move(connection)) {}
        ~Lease() {
            if (pool_ != nullptr) pool_->give_back(std::move(connection_));
        }
        Lease(Lease&& other) noexcept
            : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
        Lease& operator=(Lease&&) = delete;

        [[nodiscard]] Connection& connection() { return *connection_; }
        [[nodiscard]] Status make_ready();

      private:
        Pool* pool_;
        std::unique_ptr<Connection> connection_;  // null: to be opened
    };

    template <class Work>
    [[nodiscard]] static auto in_transaction(Connection& connection, Work& work)
        -> std::invoke_result_t<Work&, Connection&> {
        using Outcome = std::invoke_result_t<Work&, Connection&>;
        connection.begin();
        Outcome outcome = work(connection);
        if (outcome) {
            if (auto committed = connection.commit(); !committed)
                outcome = Outcome{std::unexpect, std::move(committed).error()};
        }
        return outcome;
    }

    /// Runs `work` again for as long as that is safe and may help.
    template <class Work, class MayRunAgain>
    [[nodiscard]] auto persist(Work&& work, MayRunAgain may_run_again)
        -> std::invoke_result_t<Work&, Connection&> {
        using Outcome = std::invoke_result_t<Work&, Connection&>;
        bool was_lost = false;
        for (int repetition = 0;; ++repetition) {
            bool lost = false;
            {
                auto lease = acquire(options_.wait);
                if (!lease) return Outcome{std::unexpect, std::move(lease).error()};
                Connection& connection = lease->connection();
                Outcome outcome = work(connection);
                if (outcome) return outcome;
                lost = connection.is_lost();
                const bool again =
                    lost ? !was_lost && may_run_again(connection)
                         : connection.is_worth_repeating() && repetition < options_.repetitions_max;
                // Also after an error of the work itself, which left its transaction open.
                connection.roll_back();
                if (!again) return outcome;
            }
            if (lost) {
                was_lost = true;
                forget_free_ones();
            } else {
                pause(repetition);
            }
        }
    }

    [[nodiscard]] Result<Lease> acquire(Milliseconds wait);
    void give_back(std::unique_ptr<Connection> connection);
    /// What broke one connection has probably broken the others.
    void forget_free_ones();
    static void pause(int repetition);

    const Options options_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> free_;  // guarded by mutex_; null: not open
};

}  // namespace safelight::postgres
