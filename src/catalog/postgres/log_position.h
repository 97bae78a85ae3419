// How far the log of a primary is written, and that of its standby repeated.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/result.h"
#include "catalog/postgres/connection.h"
#include "catalog/postgres/pool.h"

namespace safelight::postgres {

/// A place in the log that one database and its standbys have in common.
struct LogPosition {
    /// Which database it is: equal for a primary and its standbys, for no others.
    std::string database;
    std::int64_t bytes = 0;
};

/// Up to where the primary has everything on the disk, and with it all that was acknowledged so far. Errors:
/// those of a query.
[[nodiscard]] Result<LogPosition> written_position(Connection& primary);

/// Up to where the standby shows what the primary did. Remembered as long as the connection lives: a standby
/// only goes forward. Errors: those of a query; conflict (the server is no standby).
[[nodiscard]] Result<LogPosition> replayed_position(Connection& standby);

/// Asks the primary for its position. Any thread may call; calls block.
class PrimaryPosition {
  public:
    /// `primary` must outlive it.
    explicit PrimaryPosition(Pool& primary) : primary_(primary) {}

    /// What a standby has to have repeated to show all that was acknowledged, by whatever process, before
    /// this call. Those who call at the same time share one question, which began after each of their calls.
    /// Errors: unavailable.
    [[nodiscard]] Result<LogPosition> ask();

  private:
    /// Whoever waits learns of its end, also when it throws.
    struct Question {
        explicit Question(PrimaryPosition& asked) : asked_(asked) {}
        ~Question();
        Question(const Question&) = delete;
        Question& operator=(const Question&) = delete;

        Result<LogPosition> answer = failure(ErrorCode::unavailable, {});

      private:
        PrimaryPosition& asked_;
    };

    Pool& primary_;
    std::mutex mutex_;
    std::condition_variable answered_;
    std::uint64_t begun_ = 0;  // guarded by mutex_: questions, of which one is under way at the most
    std::uint64_t ended_ = 0;  // guarded by mutex_
    Result<LogPosition> newest_ = failure(ErrorCode::unavailable, {});  // guarded by mutex_: the last answer
};

}  // namespace safelight::postgres
