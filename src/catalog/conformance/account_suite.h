// The part of the suite for accounts and API keys:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, AccountConformance, testing::Values(backend), backend_name);
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {

class AccountConformance : public CatalogConformance {
  protected:
    [[nodiscard]] Accounts& accounts() { return under_test().database().accounts(); }

    [[nodiscard]] static Sha256 hash_of(std::string_view secret) {
        return sha256_of(std::as_bytes(std::span(secret)));
    }

    Account create_account(const std::string& name) {
        Account account{.id = ids_.next<AccountId>(), .name = name, .created_at = now()};
        const Status created = accounts().create_account(account);
        if (!created) throw std::runtime_error(created.error().log_text);
        return account;
    }
    ApiKey create_key(AccountId account, std::string_view secret) {
        ApiKey key{.id = ids_.next<ApiKeyId>(),
                   .account = account,
                   .name = "a key",
                   .scopes = {Scope::images_read},
                   .created_at = now()};
        const Status created = accounts().create_key(key, hash_of(secret));
        if (!created) throw std::runtime_error(created.error().log_text);
        return key;
    }
    [[nodiscard]] std::optional<ApiKey> find(std::string_view secret) {
        const auto key = accounts().find_key(hash_of(secret));
        if (!key) throw std::runtime_error(key.error().log_text);
        return *key;
    }
};

}  // namespace safelight
