// Accounts and API keys, on any of the databases: their tables and statements are the same everywhere.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/accounts.h"
#include "catalog/sql/row.h"
#include "catalog/sql/statements.h"

namespace safelight {

/// The columns of account_by_id.
[[nodiscard]] Account read_account(Columns& columns);
/// The columns of key_by_id.
[[nodiscard]] ApiKey read_api_key(Columns& columns);

/// `Database` has read(work) and write(work), which run work(connection) in a transaction, and its queries
/// are read by read_all(query, &read).
template <class Database>
class SqlAccounts final : public Accounts {
  public:
    explicit SqlAccounts(Database database) : database_(std::move(database)) {}

    Status create_account(const Account& account) override {
        return database_.write([&](auto& connection) -> Status {
            const Quotas& quotas = account.quotas;
            const OwnRetention& retention = account.retention;
            TRY(connection.run(sql::create_account, account.id, std::string_view(account.name),
                               quotas.stored_bytes, quotas.images, quotas.uploads_per_minute,
                               quotas.concurrent_uploads, quotas.pixels_per_day,
                               retention.delete_images_after_days, retention.expire_variants_after_days));
            return {};
        });
    }

    Result<Account> change_account(AccountId id, const std::function<void(Account&)>& change) override {
        return database_.write([&](auto& connection) -> Result<Account> {
            TRY_ASSIGN(auto query, connection.query(sql::hold_account, id));
            TRY_ASSIGN(auto accounts, read_all(std::move(query), &read_account));
            if (accounts.empty()) return no_account();
            const OwnRetention before = accounts.front().retention;
            change(accounts.front());
            const Quotas& quotas = accounts.front().quotas;
            TRY(connection.run(sql::set_quotas, id, quotas.stored_bytes, quotas.images,
                               quotas.uploads_per_minute, quotas.concurrent_uploads, quotas.pixels_per_day));
            const OwnRetention& retention = accounts.front().retention;
            if (retention != before) {
                TRY(connection.run(sql::set_retention, id, retention.delete_images_after_days,
                                   retention.expire_variants_after_days));
            }
            return std::move(accounts.front());
        });
    }

    Result<std::optional<Account>> find_account(AccountId id) override {
        return find_one(&read_account, sql::account_by_id, id);
    }

    Result<std::optional<Account>> find_account(std::string_view name) override {
        return find_one(&read_account, sql::account_by_name, name);
    }

    Result<std::vector<Account>> list_accounts(std::optional<AccountId> after, std::uint32_t limit) override {
        return find_all(&read_account, sql::list_accounts, after.value_or(AccountId{}), limit);
    }

    Status create_key(const ApiKey& key, const Sha256& secret_hash) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(auto query, connection.query(sql::account_by_id, key.account));
            TRY_ASSIGN(const auto accounts, read_all(std::move(query), &read_account));
            if (accounts.empty()) return no_account();
            return insert_key(connection, key, secret_hash);
        });
    }

    Status rotate_key(ApiKeyId old, Timestamp until, const ApiKey& successor,
                      const Sha256& secret_hash) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(const std::uint64_t expiring, connection.run(sql::expire_key, old, until));
            if (expiring == 0) {
                TRY_ASSIGN(auto query, connection.query(sql::key_by_id, old));
                TRY_ASSIGN(const auto keys, read_all(std::move(query), &read_api_key));
                return keys.empty() ? Status(no_key()) : Status(key_is_over());
            }
            return insert_key(connection, successor, secret_hash);
        });
    }

    Result<std::optional<ApiKey>> find_key(const Sha256& secret_hash) override {
        return find_one(&read_api_key, sql::key_by_secret, secret_hash);
    }

    Result<std::optional<ApiKey>> find_key(ApiKeyId id) override {
        return find_one(&read_api_key, sql::key_by_id, id);
    }

    Result<std::vector<ApiKey>> list_keys(const KeyQuery& query) override {
        const ApiKeyId after = query.after.value_or(ApiKeyId{});
        if (!query.account) return find_all(&read_api_key, sql::list_keys, after, query.limit);
        return find_all(&read_api_key, sql::list_keys_of_account, after, query.limit, *query.account);
    }

    Result<ApiKey> revoke_key(ApiKeyId id, Timestamp now) override {
        return database_.write([&](auto& connection) -> Result<ApiKey> {
            TRY(connection.run(sql::revoke_key, id, now));
            TRY_ASSIGN(auto query, connection.query(sql::key_by_id, id));
            TRY_ASSIGN(auto keys, read_all(std::move(query), &read_api_key));
            if (keys.empty()) return no_key();
            return std::move(keys.front());
        });
    }

    Status note_uses(std::span<const KeyUse> uses) override {
        // In one order everywhere: two processes that note the same keys do not wait for each other.
        std::vector<KeyUse> in_order(uses.begin(), uses.end());
        std::ranges::sort(in_order, {}, &KeyUse::key);
        return database_.write([&](auto& connection) -> Status {
            for (const KeyUse& use : in_order) TRY(connection.run(sql::note_use, use.key, use.at));
            return {};
        });
    }

  private:
    template <class Connection>
    static Status insert_key(Connection& connection, const ApiKey& key, const Sha256& secret_hash) {
        TRY(connection.run(sql::create_key, key.id, key.account, std::string_view(key.name),
                           std::string_view(key.scopes.to_text()), key.expires_at, key.revoked_at,
                           secret_hash));
        return {};
    }

    template <class Record, class... Values>
    Result<std::vector<Record>> find_all(Record (*read)(Columns&), std::string_view statement,
                                         const Values&... values) {
        return database_.read([&](auto& connection) -> Result<std::vector<Record>> {
            TRY_ASSIGN(auto query, connection.query(statement, values...));
            return read_all(std::move(query), read);
        });
    }

    template <class Record, class... Values>
    Result<std::optional<Record>> find_one(Record (*read)(Columns&), std::string_view statement,
                                           const Values&... values) {
        TRY_ASSIGN(auto found, find_all(read, statement, values...));
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    }

    Database database_;
};

}  // namespace safelight
