#include "catalog/sqlite/connection.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "catalog/sqlite/functions.h"

namespace safelight::sqlite {
namespace {

constexpr const char* unavailable_text = "The catalog cannot be reached at the moment.";
constexpr const char* full_text = "No space is left to store this.";

ErrorCode code_for(int code, int system_error) {
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) return ErrorCode::conflict;
    switch (code & 0xff) {
        case SQLITE_FULL:
            return ErrorCode::storage_full;
        case SQLITE_IOERR:
            return system_error == ENOSPC || system_error == EDQUOT ? ErrorCode::storage_full
                                                                    : ErrorCode::unavailable;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_NOLFS:
        case SQLITE_NOMEM:
        case SQLITE_INTERRUPT:
            return ErrorCode::unavailable;
        default:
            return ErrorCode::internal;
    }
}

const char* public_text_for(ErrorCode code) {
    switch (code) {
        case ErrorCode::storage_full:
            return full_text;
        case ErrorCode::conflict:
            return "This exists already.";
        case ErrorCode::unavailable:
            return unavailable_text;
        default:
            return "Something went wrong.";
    }
}

/// Whether what `code` tells of may stay with the connection for good (an open file that went bad, was
/// replaced, was opened while read-only) rather than with the statement.
bool needs_new_connection(int code) {
    switch (code & 0xff) {
        case SQLITE_IOERR:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_PROTOCOL:
        case SQLITE_NOMEM:
            return true;
        default:
            return false;
    }
}

/// SQLite's statistics on memory take one lock of the whole process for each allocation; nobody reads them.
void leave_out_statistics() {
    static std::once_flag once;
    std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

Result<bool> Query::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return std::unexpected(connection_->error(code, sqlite3_sql(statement_)));
}

std::string_view Query::text(int column) const {
    const unsigned char* text = sqlite3_column_text(statement_, column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::byte> Query::bytes(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const std::byte*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Query::reset() {
    if (statement_ != nullptr) sqlite3_reset(statement_);
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
    leave_out_statistics();
    sqlite3* handle = nullptr;
    // Readers open for writing too, and are held back by query_only: whoever comes first after a crash has to
    // be able to recover the log.
    const int code = sqlite3_open_v2(options.path.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                     options.vfs.empty() ? nullptr : options.vfs.c_str());
    if (handle == nullptr)
        return failure(ErrorCode::unavailable, unavailable_text, "no memory for a connection");
    std::unique_ptr<Connection> connection{new Connection(handle)};
    if (code != SQLITE_OK) return std::unexpected(connection->error(code, "open " + options.path));
    TRY(connection->configure(options));
    return connection;
}

Connection::~Connection() {
    for (const auto& [text, statement] : statements_) sqlite3_finalize(statement.handle);
    sqlite3_close_v2(handle_);
}

Status Connection::configure(const ConnectionOptions& options) {
    set_busy_timeout(options.busy_timeout);
    if (const int code = add_functions(handle_); code != SQLITE_OK)
        return std::unexpected(error(code, "add functions"));
    TRY(script("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL;"));
    TRY(script(fmt::format("PRAGMA cache_size = -{};", options.cache_kib).c_str()));
    if (!options.writes) return script("PRAGMA query_only = ON;");

    // SQLite opens a file that it may not write for reading, and then even BEGIN IMMEDIATE succeeds.
    if (sqlite3_db_readonly(handle_, "main") != 0) {
        usable_ = false;
        return failure(ErrorCode::unavailable, unavailable_text,
                       fmt::format("{} cannot be written to", options.path));
    }
    TRY(script(fmt::format("PRAGMA wal_autocheckpoint = {}; PRAGMA journal_size_limit = {};",
                           options.checkpoint_pages, std::uint64_t{options.checkpoint_pages} * 4'096 * 4)
                   .c_str()));
    return use_write_ahead_log(options);
}

Status Connection::use_write_ahead_log(const ConnectionOptions& options) {
    // Connections that change the mode of a new file at once are in each other's way, and SQLite does not ask
    // its busy handler about it.
    const auto deadline = std::chrono::steady_clock::now() + options.busy_timeout;
    while (true) {
        TRY_ASSIGN(Query query, this->query("PRAGMA journal_mode = WAL"));
        const Result<bool> row = query.next();
        if (row && *row && query.text(0) == "wal") return {};
        if (row) break;
        const bool is_busy = (sqlite3_errcode(handle_) & 0xff) == SQLITE_BUSY;
        if (!is_busy || std::chrono::steady_clock::now() >= deadline) return std::unexpected(row.error());
        std::this_thread::sleep_for(Milliseconds{2});
    }
    usable_ = false;
    return failure(
        ErrorCode::unavailable, unavailable_text,
        fmt::format("{} cannot be used in WAL mode (read-only, or on a network file system?)", options.path));
}

Result<Connection::Statement*> Connection::prepare(std::string_view text) {
    if (const auto found = statements_.find(text); found != statements_.end()) return &found->second;
    Statement statement;
    const int code = sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement.handle, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error(code, text));
    const int count = sqlite3_bind_parameter_count(statement.handle);
    for (int number = 1; number <= count; ++number) {
        statement.positions.push_back(
            sqlite3_bind_parameter_index(statement.handle, fmt::format("${}", number).c_str()));
    }
    return &statements_.emplace(text, std::move(statement)).first->second;
}

Status Connection::script(const char* text) {
    const int code = sqlite3_exec(handle_, text, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error(code, text));
    return {};
}

void Connection::roll_back() {
    if (!in_transaction()) return;
    if (const auto undone = run("ROLLBACK"); !undone) usable_ = false;
}

Status Connection::check_place() {
    int moved = 0;
    const int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (code == SQLITE_OK && moved == 0) return {};
    usable_ = false;
    return failure(
        ErrorCode::unavailable, unavailable_text,
        fmt::format("the catalog's file {} was removed or replaced", sqlite3_db_filename(handle_, "main")));
}

Error Connection::error(int code, std::string_view doing) {
    const int system_error = sqlite3_system_errno(handle_);
    if (needs_new_connection(code)) usable_ = false;
    const ErrorCode meaning = code_for(code, system_error);
    std::string log_text = fmt::format("SQLite {} ({}): {} [{}]", code, sqlite3_errstr(code),
                                       sqlite3_errmsg(handle_), doing.substr(0, 120));
    if ((code & 0xff) == SQLITE_IOERR && system_error != 0)
        log_text += fmt::format(", errno {}", system_error);
    return Error{meaning, public_text_for(meaning), std::move(log_text), {}};
}

namespace {

int position_of(const std::vector<int>& positions, std::size_t number) {
    return number < positions.size() ? positions[number] : 0;
}

}  // namespace

int Connection::bind_integer(const Statement& statement, std::size_t number, std::int64_t value) {
    return sqlite3_bind_int64(statement.handle, position_of(statement.positions, number), value);
}

int Connection::bind_real(const Statement& statement, std::size_t number, double value) {
    return sqlite3_bind_double(statement.handle, position_of(statement.positions, number), value);
}

int Connection::bind_text(const Statement& statement, std::size_t number, std::string_view value) {
    // A null pointer would bind NULL; an empty text is not nothing.
    return sqlite3_bind_text64(statement.handle, position_of(statement.positions, number),
                               value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
}

int Connection::bind_bytes(const Statement& statement, std::size_t number, std::span<const std::byte> value) {
    return sqlite3_bind_blob64(statement.handle, position_of(statement.positions, number), value.data(),
                               value.size(), SQLITE_TRANSIENT);
}

int Connection::bind_null(const Statement& statement, std::size_t number) {
    return sqlite3_bind_null(statement.handle, position_of(statement.positions, number));
}

}  // namespace safelight::sqlite
