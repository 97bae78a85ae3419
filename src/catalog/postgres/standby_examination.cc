#include <chrono>
#include <thread>

#include "catalog/postgres/log_position.h"
#include "catalog/postgres/migrations.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/statements.h"

namespace safelight {
namespace postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Milliseconds patience{1'000};
constexpr Milliseconds question_interval{1};

Result<bool> is_paused(Connection& standby) {
    TRY_ASSIGN(Answer answer, standby.query(sql::is_replay_paused));
    return answer.next() && answer.integer(0) != 0;
}

Result<PostgresStandby> compare(Connection& primary, Connection& standby) {
    TRY_ASSIGN(const LogPosition written, written_position(primary));
    const auto begin = SteadyClock::now();
    while (true) {
        TRY_ASSIGN(const LogPosition shown, replayed_position(standby));
        if (shown.database != written.database) {
            return failure(ErrorCode::conflict,
                           "The standby is one of another database, or of another schema, than the primary.");
        }
        PostgresStandby found;
        found.lag = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - begin);
        if (shown.bytes >= written.bytes) return found;
        if (found.lag >= patience) {
            found.behind_bytes = static_cast<std::uint64_t>(written.bytes - shown.bytes);
            TRY_ASSIGN(found.is_paused, is_paused(standby));
            return found;
        }
        std::this_thread::sleep_for(question_interval);
    }
}

}  // namespace
}  // namespace postgres

Result<PostgresStandby> examine_postgres_standby(const PostgresConfig& config) {
    TRY(config.validate());
    TRY_ASSIGN(const auto primary, postgres::Connection::open(postgres::options_of(config)));
    TRY_ASSIGN(const auto standby, postgres::Connection::open(postgres::standby_options(config)));
    return postgres::compare(*primary, *standby);
}

}  // namespace safelight
