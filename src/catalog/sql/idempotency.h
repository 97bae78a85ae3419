// Kept answers, on any of the databases: their table and statements are the same everywhere.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/idempotency.h"
#include "catalog/sql/row.h"
#include "catalog/sql/statements.h"

namespace safelight {

[[nodiscard]] inline std::unexpected<Error> key_fenced() {
    return failure(ErrorCode::fenced, "Another request with this Idempotency-Key has taken over.");
}

/// For a connection with its transaction open. Errors: fenced.
template <class Connection>
[[nodiscard]] Status keep_answer(Connection& connection, const AnswerRecord& record) {
    TRY_ASSIGN(const std::uint64_t kept,
               connection.run(sql::keep_answer, record.claim.account, record.claim.key_hash,
                              record.claim.token, record.kept.fingerprint,
                              std::as_bytes(std::span(record.kept.answer)), record.expires_at));
    if (kept == 0) return key_fenced();
    return {};
}

/// Columns: expires_at, fingerprint, answer.
[[nodiscard]] KeyState read_key_state(Columns& columns);

struct OverdueKey {
    AccountId account;
    Sha256 key_hash;
};
[[nodiscard]] OverdueKey read_overdue_key(Columns& columns);

/// `Database` as in accounts.h.
template <class Database>
class SqlIdempotency final : public Idempotency {
  public:
    explicit SqlIdempotency(Database database) : database_(std::move(database)) {}

    Result<KeyState> claim(const IdempotencyClaim& claim, Milliseconds lease, Timestamp now) override {
        return database_.write([&](auto& connection) -> Result<KeyState> {
            TRY_ASSIGN(
                const std::uint64_t taken,
                connection.run(sql::claim_key, claim.account, claim.key_hash, claim.token, now + lease, now));
            if (taken > 0) return KeyTaken{};
            TRY_ASSIGN(auto query, connection.query(sql::key_state, claim.account, claim.key_hash));
            TRY_ASSIGN(auto states, read_all(std::move(query), &read_key_state));
            // Let go of in between: whoever asks again will have it.
            if (states.empty()) return KeyInUse{now};
            return std::move(states.front());
        });
    }

    Status renew(const IdempotencyClaim& claim, Timestamp until) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(const std::uint64_t held,
                       connection.run(sql::renew_key, claim.account, claim.key_hash, claim.token, until));
            if (held == 0) return key_fenced();
            return {};
        });
    }

    Status release(const IdempotencyClaim& claim) override {
        return database_.write([&](auto& connection) -> Status {
            TRY(connection.run(sql::release_key, claim.account, claim.key_hash, claim.token));
            return {};
        });
    }

    Status keep(const AnswerRecord& record) override {
        return database_.write([&](auto& connection) { return keep_answer(connection, record); });
    }

    Status amend(const IdempotencyClaim& claim, const std::string& answer) override {
        return database_.write([&](auto& connection) -> Status {
            TRY(connection.run(sql::amend_answer, claim.account, claim.key_hash, claim.token,
                               std::as_bytes(std::span(answer))));
            return {};
        });
    }

    Result<std::uint64_t> sweep(std::uint32_t limit, Timestamp now) override {
        const auto overdue = database_.read([&](auto& connection) -> Result<std::vector<OverdueKey>> {
            TRY_ASSIGN(auto query, connection.query(sql::overdue_keys, now, limit));
            return read_all(std::move(query), &read_overdue_key);
        });
        if (!overdue) return std::unexpected(overdue.error());
        if (overdue->empty()) return std::uint64_t{0};
        return database_.write([&](auto& connection) -> Result<std::uint64_t> {
            std::uint64_t dropped = 0;
            for (const OverdueKey& key : *overdue) {
                TRY_ASSIGN(const std::uint64_t rows,
                           connection.run(sql::drop_key, key.account, key.key_hash, now));
                dropped += rows;
            }
            return dropped;
        });
    }

  private:
    Database database_;
};

}  // namespace safelight
