// Accounts, and the API keys that act for them. Of a key's secret only the hash is kept.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: unavailable, storage_full.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"
#include "catalog/quotas.h"
#include "catalog/retention.h"

namespace safelight {

using ApiKeyId = Id<struct ApiKeyTag>;

/// What a key may do. None includes another.
enum class Scope : std::uint8_t {
    images_read = 1,
    images_write = 2,
    admin = 4,  // accounts and keys, of everybody
};
[[nodiscard]] std::string_view name_of(Scope scope);  // "images:read", …
[[nodiscard]] std::optional<Scope> scope_from_name(std::string_view name);

class Scopes {
  public:
    constexpr Scopes() = default;
    constexpr Scopes(std::initializer_list<Scope> scopes) {
        for (const Scope scope : scopes) add(scope);
    }

    constexpr void add(Scope scope) { bits_ |= static_cast<std::uint8_t>(scope); }
    [[nodiscard]] constexpr bool has(Scope scope) const {
        return (bits_ & static_cast<std::uint8_t>(scope)) != 0;
    }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    [[nodiscard]] std::vector<Scope> list() const;

    /// The names with a space between them, as in OAuth 2.0: "images:read images:write".
    [[nodiscard]] std::string to_text() const;
    /// Empty when a name is unknown, or when there is none.
    [[nodiscard]] static std::optional<Scopes> from_text(std::string_view text);

    bool operator==(const Scopes&) const = default;

  private:
    std::uint8_t bits_ = 0;
};

struct Account {
    AccountId id;
    std::string name;      // unique
    Timestamp created_at;  // the time in its id
    Quotas quotas = {};    // as they are set
    OwnRetention retention = {};

    bool operator==(const Account&) const = default;
};

struct ApiKey {
    ApiKeyId id;
    AccountId account;
    std::string name;  // for people; not unique
    Scopes scopes;
    Timestamp created_at;  // the time in its id
    std::optional<Timestamp> expires_at{};
    std::optional<Timestamp> revoked_at{};    // then it is refused, whatever any clock says
    std::optional<Timestamp> last_used_at{};  // to the minute or so

    bool operator==(const ApiKey&) const = default;
};

/// Neither expired nor revoked.
[[nodiscard]] bool is_valid(const ApiKey& key, Timestamp now);

/// Names of accounts and keys: 1 to 128 bytes of UTF-8 without characters that steer a terminal. Error:
/// invalid_argument, the fault at `pointer`.
[[nodiscard]] Status check_account_name(std::string_view name, std::string_view pointer);

/// How the errors of this header are worded, wherever they come up: not_found, not_found, conflict.
[[nodiscard]] std::unexpected<Error> no_account();
[[nodiscard]] std::unexpected<Error> no_key();
[[nodiscard]] std::unexpected<Error> key_is_over();

/// That a key was used.
struct KeyUse {
    ApiKeyId key;
    Timestamp at;
};

struct KeyQuery {
    std::optional<AccountId> account{};
    std::optional<ApiKeyId> after{};  // the last id of the page before
    std::uint32_t limit = 50;
};

class Accounts {
  public:
    virtual ~Accounts() = default;

    /// Errors: conflict (the name or the id is taken).
    [[nodiscard]] virtual Status create_account(const Account& account) = 0;
    [[nodiscard]] virtual Result<std::optional<Account>> find_account(AccountId id) = 0;
    [[nodiscard]] virtual Result<std::optional<Account>> find_account(std::string_view name) = 0;
    /// By id, upwards: those after `after`.
    [[nodiscard]] virtual Result<std::vector<Account>> list_accounts(std::optional<AccountId> after,
                                                                     std::uint32_t limit) = 0;

    /// Makes of the account's quotas and rules of retention what `change` does, and returns the account as it
    /// stands then. `change` may be called again. Errors: not_found.
    [[nodiscard]] virtual Result<Account> change_account(AccountId id,
                                                         const std::function<void(Account&)>& change) = 0;
    [[nodiscard]] Result<Account> change_quotas(AccountId id, const std::function<void(Quotas&)>& change) {
        return change_account(id, [&change](Account& account) { change(account.quotas); });
    }

    /// Errors: not_found (the account), conflict (the id or the secret is taken).
    [[nodiscard]] virtual Status create_key(const ApiKey& key, const Sha256& secret_hash) = 0;
    /// Whatever its state.
    [[nodiscard]] virtual Result<std::optional<ApiKey>> find_key(const Sha256& secret_hash) = 0;
    [[nodiscard]] virtual Result<std::optional<ApiKey>> find_key(ApiKeyId id) = 0;
    /// By id, upwards.
    [[nodiscard]] virtual Result<std::vector<ApiKey>> list_keys(const KeyQuery& query) = 0;
    /// The key is refused from now on. Again: the first time stays. Returns the key as it stands then.
    /// Errors: not_found.
    [[nodiscard]] virtual Result<ApiKey> revoke_key(ApiKeyId id, Timestamp now) = 0;
    /// Makes `successor`, and has the old key expire at `until` if that is sooner than it would. Errors:
    /// not_found; conflict (the old key was revoked, or the id or the secret is taken; nothing is changed).
    [[nodiscard]] virtual Status rotate_key(ApiKeyId old, Timestamp until, const ApiKey& successor,
                                            const Sha256& secret_hash) = 0;
    /// Notes when the keys were used last, never an earlier time; no error for keys that are gone.
    [[nodiscard]] virtual Status note_uses(std::span<const KeyUse> uses) = 0;
};

}  // namespace safelight
