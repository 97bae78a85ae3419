// Accounts and keys made, listed, revoked and rotated: what the command line and the API share.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/accounts.h"

namespace safelight {

struct KeyRequest {
    AccountId account;
    std::string name;
    Scopes scopes;
    std::optional<Timestamp> expires_at{};
};

struct IssuedKey {
    ApiKey key;
    std::string text;  // the only time that it is seen
};

/// Any thread may call; calls block. Errors of every call: unavailable, storage_full.
class KeyRing {
  public:
    /// What is passed in outlives this.
    KeyRing(Accounts& accounts, IdGenerator& ids, const Clock& clock)
        : accounts_(accounts), ids_(ids), clock_(clock) {}

    /// Errors: invalid_argument (the fault at "/name"), conflict (the name is taken).
    [[nodiscard]] Result<Account> create_account(std::string name, const Quotas& quotas = {},
                                                 const OwnRetention& retention = {});

    /// Errors: invalid_argument ("/name", "/scopes", "/expires_at"), not_found (the account).
    [[nodiscard]] Result<IssuedKey> issue(KeyRequest request);

    /// The key is refused from now on. Again: no error. Errors: not_found.
    [[nodiscard]] Result<ApiKey> revoke(ApiKeyId id);

    /// A new key with all that the old one had, in one transaction with the end of the old one after `grace`.
    /// Errors: invalid_argument (more than grace_max), not_found, conflict (the old one is not valid any
    /// more).
    [[nodiscard]] Result<IssuedKey> rotate(ApiKeyId id, Milliseconds grace);

    /// Errors: not_found.
    [[nodiscard]] Result<Account> find_account(AccountId id);
    [[nodiscard]] Result<ApiKey> find_key(ApiKeyId id);

    static constexpr Milliseconds grace_max{std::chrono::days(30)};

    [[nodiscard]] Accounts& accounts() { return accounts_; }

  private:
    Accounts& accounts_;
    IdGenerator& ids_;
    const Clock& clock_;
};

}  // namespace safelight
