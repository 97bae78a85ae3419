// A thin wrapper over sqlite3: one connection, statements prepared once, typed errors, nothing thrown.
//
// SQL is written with $1…$n, as for PostgreSQL. A query's text is the key of the statement cache.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"
#include "catalog/sql/row.h"

namespace safelight::sqlite {

struct ConnectionOptions {
    std::string path;
    std::string vfs{};  // empty: the usual one
    Milliseconds busy_timeout{5'000};
    std::uint32_t cache_kib = 4'096;
    std::uint32_t checkpoint_pages = 4'000;
    bool writes = false;
};

class Connection;

/// A statement under way; it is reset when this goes. Must not outlive its connection, and the same text
/// cannot be under way twice on one connection.
class Query final : public Row {
  public:
    Query(Connection& connection, sqlite3_stmt* statement)
        : connection_(&connection), statement_(statement) {}
    ~Query() override { reset(); }
    Query(Query&& other) noexcept
        : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}
    Query& operator=(Query&& other) noexcept {
        if (this != &other) {
            reset();
            connection_ = other.connection_;
            statement_ = std::exchange(other.statement_, nullptr);
        }
        return *this;
    }

    /// Moves to the next row; false when there is none.
    [[nodiscard]] Result<bool> next();

    [[nodiscard]] bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    [[nodiscard]] std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    [[nodiscard]] double real(int column) const override { return sqlite3_column_double(statement_, column); }
    [[nodiscard]] std::string_view text(int column) const override;
    [[nodiscard]] std::span<const std::byte> bytes(int column) const override;

  private:
    void reset();

    Connection* connection_;
    sqlite3_stmt* statement_;
};

/// One thread at a time.
class Connection {
  public:
    /// The file has to exist. Errors: unavailable, storage_full.
    [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// `text` is a literal: it is not copied. Values are copied.
    template <class... Values>
    [[nodiscard]] Result<Query> query(std::string_view text, const Values&... values) {
        TRY_ASSIGN(Statement * statement, prepare(text));
        Query query{*this, statement->handle};
        std::size_t number = 0;
        // Every value is bound, even after one failed: the first error is what counts.
        int outcome = SQLITE_OK;
        ((outcome = outcome == SQLITE_OK ? bind(*statement, number++, values) : outcome), ...);
        if (outcome != SQLITE_OK) return std::unexpected(error(outcome, text));
        return query;
    }

    /// Runs a statement for its effect. Returns how many rows it changed itself.
    template <class... Values>
    [[nodiscard]] Result<std::uint64_t> run(std::string_view text, const Values&... values) {
        TRY_ASSIGN(Query query, this->query(text, values...));
        while (true) {
            TRY_ASSIGN(const bool row, query.next());
            if (!row) return static_cast<std::uint64_t>(sqlite3_changes64(handle_));
        }
    }

    /// Runs a statement for its effect, at once: for those that PostgreSQL may put off.
    template <class... Values>
    [[nodiscard]] Status run_later(std::string_view text, const Values&... values) {
        TRY(run(text, values...));
        return {};
    }

    /// Several statements without parameters.
    [[nodiscard]] Status script(const char* text);

    [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
    void roll_back();

    /// False after an error that only a new connection may cure.
    [[nodiscard]] bool is_usable() const { return usable_; }

    /// Unavailable when the file is not at its path any more: what is written now would be lost unnoticed.
    [[nodiscard]] Status check_place();

    /// What `code` means, for the caller and for the log.
    [[nodiscard]] Error error(int code, std::string_view doing);

    void set_busy_timeout(Milliseconds timeout) {
        sqlite3_busy_timeout(handle_, static_cast<int>(timeout.count()));
    }

  private:
    struct Statement {
        sqlite3_stmt* handle = nullptr;
        std::vector<int> positions;  // of $1, $2, …; 0 when the text does not use it
    };

    explicit Connection(sqlite3* handle) : handle_(handle) {}

    [[nodiscard]] Status configure(const ConnectionOptions& options);
    [[nodiscard]] Status use_write_ahead_log(const ConnectionOptions& options);
    [[nodiscard]] Result<Statement*> prepare(std::string_view text);

    static int bind_integer(const Statement& statement, std::size_t number, std::int64_t value);
    static int bind_real(const Statement& statement, std::size_t number, double value);
    static int bind_text(const Statement& statement, std::size_t number, std::string_view value);
    static int bind_bytes(const Statement& statement, std::size_t number, std::span<const std::byte> value);
    static int bind_null(const Statement& statement, std::size_t number);

    template <class Integer>
        requires std::is_integral_v<Integer>
    static int bind(const Statement& statement, std::size_t number, Integer value) {
        return bind_integer(statement, number, static_cast<std::int64_t>(value));
    }
    static int bind(const Statement& statement, std::size_t number, double value) {
        return bind_real(statement, number, value);
    }
    static int bind(const Statement& statement, std::size_t number, std::span<const std::byte> value) {
        return bind_bytes(statement, number, value);
    }
    static int bind(const Statement& statement, std::size_t number, Timestamp value) {
        return bind_integer(statement, number, value.time_since_epoch().count());
    }
    static int bind(const Statement& statement, std::size_t number, std::string_view value) {
        return bind_text(statement, number, value);
    }
    static int bind(const Statement& statement, std::size_t number, const Uuid& value) {
        return bind_bytes(statement, number, std::as_bytes(std::span{value.bytes}));
    }
    template <class Tag>
    static int bind(const Statement& statement, std::size_t number, const Id<Tag>& value) {
        return bind(statement, number, value.uuid);
    }
    static int bind(const Statement& statement, std::size_t number, const Sha256& value) {
        return bind_bytes(statement, number, value.bytes);
    }
    template <class Value>
    static int bind(const Statement& statement, std::size_t number, const std::optional<Value>& value) {
        return value ? bind(statement, number, *value) : bind_null(statement, number);
    }

    sqlite3* handle_;
    bool usable_ = true;
    std::unordered_map<std::string_view, Statement> statements_;
};

}  // namespace safelight::sqlite
