// A few connections that only read, handed out one call at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/sqlite/connection.h"

namespace safelight::sqlite {

/// Any thread may call; calls block.
class ReaderPool {
  public:
    /// Connections are opened when they are first needed, and again after they broke.
    ReaderPool(ConnectionOptions options, std::uint32_t connections);

    /// Runs `work(Connection&)`, which returns a Result, in a read transaction that begins now: it sees one
    /// state of the database, with everything that was committed before the call. Errors: those of `work`;
    /// unavailable (also when no connection became free within the busy timeout).
    template <class Work>
    [[nodiscard]] auto read(Work&& work) -> std::invoke_result_t<Work&, Connection&> {
        using Outcome = std::invoke_result_t<Work&, Connection&>;
        auto lease = acquire();
        if (!lease) return Outcome{std::unexpect, std::move(lease).error()};
        Connection& connection = lease->connection();
        if (auto begun = connection.run("BEGIN"); !begun)
            return Outcome{std::unexpect, std::move(begun).error()};
        Outcome outcome = work(connection);
        connection.roll_back();  // nothing was written, and this cannot fail for want of a lock
        return outcome;
    }

  private:
    /// One connection, on loan.
    class Lease {
      public:
        Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
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
        ReaderPool* pool_;
        std::unique_ptr<Connection> connection_;  // null: to be opened
    };

    [[nodiscard]] Result<Lease> acquire();
    void give_back(std::unique_ptr<Connection> connection);

    const ConnectionOptions options_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> free_;  // guarded by mutex_; null: not open
};

}  // namespace safelight::sqlite
