// A thin wrapper over libpq: one connection, statements prepared once, typed errors, nothing thrown, and no
// call that waits longer than it may.
//
// SQL is written with $1…$n, as for SQLite. A statement's text is the key of the statement cache.
//
// A way to the server and back costs more than most statements do. So a transaction's BEGIN goes with its
// first statement, what is only run for its effect (`run_later`) with the next whose answer is needed, and
// COMMIT with the last ones: libpq's pipeline. The server leaves out what follows an error, a COMMIT
// included.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/postgres/parameters.h"
#include "catalog/sql/row.h"

namespace safelight::postgres {

struct ConnectionOptions {
    std::string url;
    bool writes = true;  // else a standby is preferred
    Milliseconds connect_timeout{2'000};
    Milliseconds statement_timeout{5'000};
    Milliseconds lock_timeout{3'000};
};

/// What is remembered of a server as long as a connection to it lives: see log_position.h.
struct ServerNotes {
    std::string database;             // empty: not asked yet
    std::int64_t replayed_bytes = 0;  // of a standby; that of a primary is not remembered
};

/// What a statement returned; owns it. A Row once `next` has returned true.
class Answer final : public Row {
  public:
    explicit Answer(PGresult* result) : result_(result, &PQclear) {}

    /// Moves to the next row; false when there is none.
    [[nodiscard]] bool next() { return ++row_ < PQntuples(result_.get()); }
    [[nodiscard]] int row_count() const { return PQntuples(result_.get()); }
    /// How many rows were inserted, updated or deleted.
    [[nodiscard]] std::uint64_t affected() const;
    [[nodiscard]] const PGresult* get() const { return result_.get(); }
    /// "COMMIT", "UPDATE 1", …
    [[nodiscard]] std::string_view tag() const { return PQcmdStatus(result_.get()); }

    [[nodiscard]] bool is_null(int column) const override {
        return PQgetisnull(result_.get(), row_, column) != 0;
    }
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] double real(int column) const override;
    [[nodiscard]] std::string_view text(int column) const override;
    [[nodiscard]] std::span<const std::byte> bytes(int column) const override;

  private:
    std::unique_ptr<PGresult, decltype(&PQclear)> result_;
    int row_ = -1;
};

/// One thread at a time.
class Connection {
  public:
    /// Errors: unavailable; conflict (the server is too old, or its encoding is not UTF-8).
    [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// `text` is a literal: it is not copied.
    template <class... Values>
    [[nodiscard]] Result<Answer> query(std::string_view text, const Values&... values) {
        return execute(text, Parameters::of(values...));
    }

    /// Returns how many rows were inserted, updated or deleted.
    template <class... Values>
    [[nodiscard]] Result<std::uint64_t> run(std::string_view text, const Values&... values) {
        TRY_ASSIGN(const Answer answer, execute(text, Parameters::of(values...)));
        return answer.affected();
    }

    /// In a transaction: the statement runs before any other that comes after it, and its error is that of
    /// the next `query`, `run` or `commit`.
    template <class... Values>
    [[nodiscard]] Status run_later(std::string_view text, const Values&... values) {
        return send(text, Parameters::of(values...));
    }

    /// The last statement of a transaction, and its commit. Errors: as `commit`, which has nothing left to
    /// do.
    template <class... Values>
    [[nodiscard]] Result<Answer> query_and_commit(std::string_view text, const Values&... values) {
        return execute_and_commit(text, Parameters::of(values...));
    }

    /// One or several statements without parameters; returns what the last one did. Its columns are text.
    [[nodiscard]] Result<Answer> script(const std::string& text);

    /// Takes effect with the first statement.
    void begin() {
        is_begin_owed_ = true;
        is_committed_ = false;  // an exception may have come between query_and_commit and commit
    }
    /// After an error `is_outcome_unknown` tells whether it may have been committed all the same.
    [[nodiscard]] Status commit();
    /// Harmless outside of a transaction.
    void roll_back();

    /// False after an error that only a new connection may cure.
    [[nodiscard]] bool is_usable() const { return usable_; }
    /// The connection broke, rather than that the server took too long.
    [[nodiscard]] bool is_lost() const { return lost_; }
    [[nodiscard]] bool is_outcome_unknown() const { return outcome_unknown_; }
    /// The last error was a deadlock, or another that the same transaction may not meet again.
    [[nodiscard]] bool is_worth_repeating() const { return worth_repeating_; }
    /// False when the server has hung up, or said something unasked, while nothing was going on.
    [[nodiscard]] bool is_quiet() const;

    /// How long the answer to one statement may take from now on.
    void set_timeout(Milliseconds timeout) { timeout_ = timeout; }
    [[nodiscard]] Milliseconds timeout() const { return timeout_; }

    /// True outside of transactions.
    [[nodiscard]] bool is_idle() const {
        return !is_begin_owed_ && sent_.empty() && PQtransactionStatus(handle_.get()) == PQTRANS_IDLE;
    }

    [[nodiscard]] ServerNotes& notes() { return notes_; }

    [[nodiscard]] PGconn* handle() { return handle_.get(); }

  private:
    using Deadline = std::chrono::steady_clock::time_point;

    Connection(PGconn* handle, Milliseconds timeout) : handle_(handle, &PQfinish), timeout_(timeout) {}

    /// Something under way, whose result has not been read yet.
    struct Sent {
        std::string_view text;
        bool prepares = false;  // rather than runs it
    };

    [[nodiscard]] Status configure(const ConnectionOptions& options);
    [[nodiscard]] Result<Answer> execute(std::string_view text, const Parameters& parameters);
    [[nodiscard]] Result<Answer> execute_and_commit(std::string_view text, const Parameters& parameters);
    [[nodiscard]] Status send(std::string_view text, const Parameters& parameters);
    [[nodiscard]] Status send_one(std::string_view text, const Parameters& parameters);
    [[nodiscard]] Result<Answer> collect(std::size_t wanted);
    [[nodiscard]] Result<Answer> committed(Answer answer);
    [[nodiscard]] Status end_pipeline();
    [[nodiscard]] Result<Answer> receive(std::string_view doing);
    [[nodiscard]] Status await_result(Deadline deadline, std::string_view doing);
    [[nodiscard]] std::unexpected<Error> lost(std::string_view doing);
    [[nodiscard]] Error error_of(const PGresult* result, std::string_view doing);

    std::unique_ptr<PGconn, decltype(&PQfinish)> handle_;
    Milliseconds timeout_;
    bool usable_ = true;
    bool lost_ = false;
    bool outcome_unknown_ = false;
    bool worth_repeating_ = false;
    bool is_refused_ = false;  // the last error came from the server, not from the way to it
    bool is_begin_owed_ = false;
    bool is_committed_ = false;  // by query_and_commit
    std::vector<Sent> sent_;     // in their order; the connection is in pipeline mode while there are any
    ServerNotes notes_;
    std::unordered_map<std::string_view, std::string> statements_;  // text → the name it is prepared under
    std::size_t statements_made_ = 0;
};

}  // namespace safelight::postgres
