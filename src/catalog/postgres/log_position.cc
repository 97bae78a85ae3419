#include "catalog/postgres/log_position.h"

#include <utility>

#include "catalog/postgres/errors.h"
#include "catalog/postgres/statements.h"

namespace safelight::postgres {
namespace {

Status learn_database(Connection& connection) {
    std::string& known = connection.notes().database;
    if (!known.empty()) return {};
    TRY_ASSIGN(Answer answer, connection.query(sql::database_identity));
    if (answer.next() && !answer.is_null(0)) known = answer.text(0);
    if (!known.empty()) return {};
    return std::unexpected(
        error_with(ErrorCode::unavailable, "the server does not say which database it is"));
}

}  // namespace

Result<LogPosition> written_position(Connection& primary) {
    TRY(learn_database(primary));
    TRY_ASSIGN(Answer answer, primary.query(sql::written_position));
    if (!answer.next() || answer.is_null(0))
        return std::unexpected(
            error_with(ErrorCode::unavailable, "the primary knows no position of its log"));
    return LogPosition{.database = primary.notes().database, .bytes = answer.integer(0)};
}

Result<LogPosition> replayed_position(Connection& standby) {
    TRY(learn_database(standby));
    TRY_ASSIGN(Answer answer, standby.query(sql::replayed_position));
    if (!answer.next() || answer.is_null(0)) {
        return failure(ErrorCode::conflict, "The server that is to be read from is no standby.",
                       "the server for reads is not in recovery");
    }
    standby.notes().replayed_bytes = answer.integer(0);
    return LogPosition{.database = standby.notes().database, .bytes = answer.integer(0)};
}

PrimaryPosition::Question::~Question() {
    const std::lock_guard lock(asked_.mutex_);
    asked_.newest_ = std::move(answer);
    asked_.ended_ = asked_.begun_;
    asked_.answered_.notify_all();
}

Result<LogPosition> PrimaryPosition::ask() {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = begun_ + 1;  // one that is under way began before this call
    while (ended_ < mine) {
        if (begun_ > ended_) {
            answered_.wait(lock);
            continue;
        }
        ++begun_;
        lock.unlock();
        {
            Question question(*this);
            question.answer = primary_.read(&written_position);
        }
        lock.lock();
    }
    return newest_;
}

}  // namespace safelight::postgres
