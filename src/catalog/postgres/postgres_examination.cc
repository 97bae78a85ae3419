#include "catalog/postgres/postgres_examination.h"

#include <fmt/format.h>

#include <array>
#include <span>

#include "catalog/postgres/examination_statements.h"
#include "catalog/postgres/migrations.h"
#include "catalog/postgres/statements.h"

namespace safelight {
namespace postgres {
namespace {

constexpr int clock_questions = 3;
constexpr int session_questions = 2;
constexpr std::int64_t own_connections = 2;

Result<std::string> session_of(Connection& connection) {
    TRY_ASSIGN(Answer answer, connection.script(std::string(sql::session)));
    return std::string(answer.next() ? answer.text(0) : "");
}

/// Two connections that are there at the same time have two sessions, each its own for as long as it lives.
Result<bool> keeps_sessions(Connection& one, Connection& other) {
    std::string first;
    std::string second;
    for (int i = 0; i < session_questions; ++i) {
        TRY_ASSIGN(std::string session, session_of(one));
        TRY_ASSIGN(std::string other_session, session_of(other));
        if (session == other_session) return false;
        if (i > 0 && (session != first || other_session != second)) return false;
        first = std::move(session);
        second = std::move(other_session);
    }
    return true;
}

std::span<const std::string> relation_names() {
    static const std::vector<std::string> names(sql::relations.begin(), sql::relations.end());
    return names;
}

Status look_at_rights(Connection& connection, PostgresExamination& found) {
    {
        TRY_ASSIGN(Answer answer, connection.query(sql::who_and_where));
        if (!answer.next()) return {};
        found.role = answer.text(0);
        found.schema = answer.text(1);
    }
    if (found.schema.empty()) return {};
    TRY_ASSIGN(Answer lacking, connection.query(sql::lacking_rights, relation_names()));
    while (lacking.next()) found.lacking.push_back(fmt::format("{} on {}", lacking.text(1), lacking.text(0)));
    TRY_ASSIGN(Answer may_migrate, connection.query(sql::may_migrate, relation_names()));
    found.may_migrate = may_migrate.next() && may_migrate.integer(0) != 0;
    return {};
}

Status look_at_clock(Connection& connection, const Clock& clock, PostgresExamination& found) {
    std::array<ClockReading, clock_questions> readings{};
    for (ClockReading& reading : readings) {
        reading.asked_at = clock.now();
        TRY_ASSIGN(Answer answer, connection.query(sql::server_time));
        reading.answered_at = clock.now();
        if (answer.next()) reading.theirs = Timestamp{Milliseconds{answer.integer(0)}};
    }
    found.clock = skew_of(readings);
    return {};
}

Result<PostgresExamination> examine(Connection& connection, Connection& other, const Clock& clock) {
    PostgresExamination found;
    const char* version = PQparameterStatus(connection.handle(), "server_version");
    found.version = version == nullptr ? "" : version;
    TRY_ASSIGN(found.keeps_sessions, keeps_sessions(connection, other));
    if (!found.keeps_sessions) return found;
    TRY(look_at_rights(connection, found));
    TRY(look_at_clock(connection, clock, found));
    TRY_ASSIGN(Answer free, connection.query(sql::connections_free));
    if (free.next()) found.connections_free = free.integer(0) + own_connections;
    return found;
}

}  // namespace
}  // namespace postgres

Result<PostgresExamination> examine_postgres(const PostgresConfig& config, const Clock& clock) {
    TRY(config.validate());
    TRY_ASSIGN(const auto connection, postgres::Connection::open(postgres::options_of(config)));
    TRY_ASSIGN(const auto other, postgres::Connection::open(postgres::options_of(config)));
    return postgres::examine(*connection, *other, clock);
}

}  // namespace safelight
