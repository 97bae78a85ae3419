#include "catalog/postgres/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <utility>

#include "catalog/postgres/errors.h"

namespace safelight::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int oldest_server = 150'000;

constexpr std::string_view begin_text = "BEGIN";
constexpr std::string_view commit_text = "COMMIT";

/// By how much the server may be late with its own timeout before it is not waited for any more.
constexpr Milliseconds grace{500};

/// Big-endian, of 1, 2, 4 or 8 bytes.
std::uint64_t unsigned_of(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes) value = (value << 8) | std::to_integer<std::uint64_t>(byte);
    return value;
}

std::string message_of(PGconn* handle) {
    std::string message = PQerrorMessage(handle);
    std::ranges::replace(message, '\n', ' ');
    return message;
}

PGconn* connect(const ConnectionOptions& options) {
    const std::string seconds = std::to_string(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count()));
    // Of what is named twice the later one counts: the URL may say other than what stands before it.
    const std::array names{
        "fallback_application_name", "target_session_attrs", "dbname",
        "connect_timeout",           "client_encoding",      static_cast<const char*>(nullptr)};
    const std::array values{"safelight",
                            options.writes ? "read-write" : "prefer-standby",
                            options.url.c_str(),
                            seconds.c_str(),
                            "UTF8",
                            static_cast<const char*>(nullptr)};
    return PQconnectdbParams(names.data(), values.data(), 1);
}

/// Every statement is written for the indexes that the schema has. Left to itself the planner scans and sorts
/// while a table is small or unknown to it, and keeps to that for the life of a prepared statement; so the
/// ways around the indexes are closed, and plans are made once. See the ADR.
std::string settings_for(const ConnectionOptions& options) {
    return fmt::format(
        "SET statement_timeout = {0}; SET lock_timeout = {1}; SET idle_in_transaction_session_timeout = {2};"
        " SET default_transaction_isolation = 'read committed'; SET jit = off;"
        " SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;"
        " SET enable_sort = off; SET enable_incremental_sort = off; SET enable_hashjoin = off; SET "
        "enable_mergejoin = off;"
        // What is acknowledged is on the disk, whatever the server's own default is.
        " SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'",
        options.statement_timeout.count(), options.lock_timeout.count(),
        2 * options.statement_timeout.count());
}

}  // namespace

std::uint64_t Answer::affected() const {
    const std::string_view digits = PQcmdTuples(result_.get());
    std::uint64_t count = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
    return count;
}

std::int64_t Answer::integer(int column) const {
    const auto value = bytes(column);
    const std::uint64_t raw = unsigned_of(value);
    if (value.size() == 2) return static_cast<std::int16_t>(raw);
    if (value.size() == 4) return static_cast<std::int32_t>(raw);
    return static_cast<std::int64_t>(raw);
}

double Answer::real(int column) const {
    return std::bit_cast<double>(unsigned_of(bytes(column)));
}

std::string_view Answer::text(int column) const {
    return {PQgetvalue(result_.get(), row_, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

std::span<const std::byte> Answer::bytes(int column) const {
    const std::string_view value = text(column);
    return std::as_bytes(std::span(value.data(), value.size()));
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
    PGconn* handle = connect(options);
    if (handle == nullptr)
        return std::unexpected(error_with(ErrorCode::unavailable, "no memory for a connection"));
    std::unique_ptr<Connection> connection{new Connection(handle, options.statement_timeout + grace)};
    if (PQstatus(handle) != CONNECTION_OK) return connection->lost("connect");
    TRY(connection->configure(options));
    return connection;
}

Status Connection::configure(const ConnectionOptions& options) {
    PQsetNoticeProcessor(handle(), [](void*, const char*) {}, nullptr);
    if (PQsetnonblocking(handle(), 1) != 0) return lost("set nonblocking");
    if (const int version = PQserverVersion(handle()); version < oldest_server) {
        return failure(ErrorCode::conflict,
                       fmt::format("The catalog needs PostgreSQL {} or later; the server has version {}.",
                                   oldest_server / 10'000, version / 10'000));
    }
    const char* encoding = PQparameterStatus(handle(), "server_encoding");
    if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
        return failure(ErrorCode::conflict,
                       "The catalog's database has to be created with the encoding UTF8, and is not.");
    }
    TRY(script(settings_for(options)));
    return {};
}

Result<Answer> Connection::execute(std::string_view text, const Parameters& parameters) {
    worth_repeating_ = false;
    TRY(send(text, parameters));
    return collect(sent_.size() - 1);
}

Result<Answer> Connection::execute_and_commit(std::string_view text, const Parameters& parameters) {
    worth_repeating_ = false;
    TRY(send(text, parameters));
    const std::size_t wanted = sent_.size() - 1;
    TRY(send(commit_text, {}));
    TRY_ASSIGN(Answer answer, collect(wanted));
    is_committed_ = true;
    return answer;
}

Status Connection::send(std::string_view text, const Parameters& parameters) {
    if (sent_.empty() && PQenterPipelineMode(handle()) == 0) return lost(text);
    if (std::exchange(is_begin_owed_, false)) TRY(send_one(begin_text, {}));
    return send_one(text, parameters);
}

Status Connection::send_one(std::string_view text, const Parameters& parameters) {
    auto known = statements_.find(text);
    if (known == statements_.end()) {
        known = statements_.emplace(text, fmt::format("s{}", statements_made_++)).first;
        if (PQsendPrepare(handle(), known->second.c_str(), std::string(text).c_str(), parameters.count(),
                          parameters.types()) == 0) {
            return lost(text);
        }
        sent_.push_back({text, true});
    }
    const Parameters::Arrays arrays = parameters.arrays();
    if (PQsendQueryPrepared(handle(), known->second.c_str(), parameters.count(), arrays.values.data(),
                            arrays.lengths.data(), arrays.formats.data(), 1) == 0) {
        return lost(text);
    }
    sent_.push_back({text});
    return {};
}

/// Reads the results of all that was sent. The first error counts; without one it is the answer to `wanted`.
Result<Answer> Connection::collect(std::size_t wanted) {
    const std::vector<Sent> sent = std::exchange(sent_, {});
    const bool commits = sent.back().text == commit_text;
    // Until the server says otherwise: it may have got everything, and only its answer be lost.
    outcome_unknown_ = commits;
    if (PQpipelineSync(handle()) == 0) return lost(sent.back().text);
    Result<Answer> outcome = std::unexpected(Error{});
    bool has_failed = false;
    for (std::size_t i = 0; i < sent.size() && usable_; ++i) {
        Result<Answer> answer = receive(sent[i].text);
        if (answer && sent[i].text == commit_text && !sent[i].prepares)
            answer = committed(*std::move(answer));
        if (!answer && sent[i].prepares) statements_.erase(sent[i].text);
        if (has_failed) continue;
        has_failed = !answer;
        if (has_failed || i == wanted) outcome = std::move(answer);
        // What is refused before COMMIT's turn, or by a server that lives on, was not committed.
        if (has_failed && is_refused_ && (usable_ || i + 1 < sent.size())) outcome_unknown_ = false;
    }
    if (usable_) TRY(end_pipeline());
    if (!has_failed) outcome_unknown_ = false;
    return outcome;
}

/// COMMIT of a transaction that has failed rolls back, which the server does not call an error.
Result<Answer> Connection::committed(Answer answer) {
    if (answer.tag() == commit_text) return answer;
    is_refused_ = true;
    return std::unexpected(
        error_with(ErrorCode::internal, "a transaction went on after one of its statements had failed"));
}

Status Connection::end_pipeline() {
    TRY(await_result(SteadyClock::now() + timeout_, "sync"));
    const Answer sync{PQgetResult(handle())};
    if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(handle()) == 0)
        return lost("sync");
    return {};
}

Result<Answer> Connection::script(const std::string& text) {
    worth_repeating_ = false;
    if (!sent_.empty()) TRY(collect(sent_.size() - 1));
    const bool begins = std::exchange(is_begin_owed_, false);
    if (PQsendQuery(handle(), begins ? fmt::format("{}; {}", begin_text, text).c_str() : text.c_str()) == 0)
        return lost(text);
    return receive(text);
}

Status Connection::commit() {
    if (std::exchange(is_committed_, false)) return {};
    if (std::exchange(is_begin_owed_, false)) return {};  // nothing was done
    TRY(execute(commit_text, {}));
    return {};
}

void Connection::roll_back() {
    is_begin_owed_ = is_committed_ = false;
    if (usable_ && !sent_.empty()) (void)collect(sent_.size() - 1);
    if (!usable_ || is_idle()) return;
    if (!script("ROLLBACK")) usable_ = false;
}

bool Connection::is_quiet() const {
    pollfd socket{.fd = PQsocket(handle_.get()), .events = POLLIN, .revents = 0};
    return PQstatus(handle_.get()) == CONNECTION_OK && ::poll(&socket, 1, 0) == 0;
}

/// Reads all results of what was sent; the first error counts.
Result<Answer> Connection::receive(std::string_view doing) {
    const Deadline deadline = SteadyClock::now() + timeout_;
    Result<Answer> outcome = std::unexpected(Error{});
    bool is_empty = true;
    while (true) {
        if (auto waited = await_result(deadline, doing); !waited) {
            if (!is_empty && !outcome) return outcome;
            return forward(std::move(waited));
        }
        Answer answer{PQgetResult(handle())};
        const PGresult* result = answer.get();
        if (result == nullptr) break;
        if (!is_empty && !outcome) continue;
        is_empty = false;
        const ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            outcome = std::move(answer);
        } else if (status == PGRES_PIPELINE_ABORTED) {
            outcome = std::unexpected(error_with(ErrorCode::internal, "left out after an error"));
        } else {
            outcome = std::unexpected(error_of(result, doing));
        }
    }
    if (is_empty) return lost(doing);
    return outcome;
}

/// Until PQgetResult does not block.
Status Connection::await_result(Deadline deadline, std::string_view doing) {
    while (true) {
        const int unsent = PQflush(handle());
        if (unsent < 0) return lost(doing);
        if (unsent == 0 && PQisBusy(handle()) == 0) return {};
        const auto left = std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now());
        pollfd socket{.fd = PQsocket(handle()),
                      .events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN),
                      .revents = 0};
        const int ready = left.count() > 0 ? ::poll(&socket, 1, static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            usable_ = is_refused_ = false;
            return std::unexpected(error_with(
                ErrorCode::unavailable,
                fmt::format("PostgreSQL did not answer within {} ms [{}]", timeout_.count(), doing)));
        }
        if (ready < 0 || PQconsumeInput(handle()) == 0) return lost(doing);
    }
}

std::unexpected<Error> Connection::lost(std::string_view doing) {
    usable_ = false;
    lost_ = true;
    is_refused_ = false;
    return std::unexpected(error_with(
        ErrorCode::unavailable,
        fmt::format("PostgreSQL, connection lost: {} [{}]", message_of(handle()), doing.substr(0, 120))));
}

Error Connection::error_of(const PGresult* result, std::string_view doing) {
    const auto field = [result](int code) {
        const char* text = PQresultErrorField(result, code);
        return std::string_view(text == nullptr ? "" : text);
    };
    const std::string_view sqlstate = field(PG_DIAG_SQLSTATE);
    const std::string_view severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
    worth_repeating_ = postgres::is_worth_repeating(sqlstate);
    is_refused_ = !sqlstate.empty();
    if (PQstatus(handle()) != CONNECTION_OK || severity == "FATAL" || severity == "PANIC" ||
        needs_new_connection(sqlstate)) {
        usable_ = false;
        lost_ = true;
    }
    const std::string message =
        sqlstate.empty() ? message_of(handle()) : std::string(field(PG_DIAG_MESSAGE_PRIMARY));
    return error_with(meaning_of(sqlstate),
                      fmt::format("PostgreSQL {}: {} [{}]", sqlstate.empty() ? "(no state)" : sqlstate,
                                  message, doing.substr(0, 120)));
}

}  // namespace safelight::postgres
