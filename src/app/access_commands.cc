// `safelight account` and `safelight key`: who may use the API.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "access/key_ring.h"
#include "app/commands.h"
#include "app/wiring.h"
#include "catalog/records.h"

namespace safelight::app {
namespace {

constexpr std::uint32_t page = 200;

/// The catalog with what is done to it.
struct AccessAdmin {
    SystemClock clock;
    IdGenerator ids{clock};
    std::unique_ptr<CatalogDatabase> database;
    std::unique_ptr<KeyRing> ring;
};

/// Accounts and keys may be made before the server runs for the first time: then the embedded catalog is
/// made. What else is asked of a catalog that is not there is a mistake.
Result<std::unique_ptr<AccessAdmin>> open_access(const Config& config, bool may_make_it) {
    auto admin = std::make_unique<AccessAdmin>();
    if (may_make_it) {
        TRY(make_data_folder(config));
        TRY_ASSIGN(admin->database, open_catalog_to_serve(config, admin->clock));
    } else {
        TRY_ASSIGN(admin->database, open_catalog(config));
    }
    admin->ring = std::make_unique<KeyRing>(admin->database->accounts(), admin->ids, admin->clock);
    return admin;
}

Result<Account> account_of(Accounts& accounts, const std::string& name) {
    TRY_ASSIGN(const auto account, accounts.find_account(std::string_view(name)));
    if (account) return *account;
    return failure(ErrorCode::not_found,
                   fmt::format("There is no account \"{}\"; `safelight account list` shows all.", name));
}

Result<ApiKeyId> key_id_of(const std::string& text) {
    if (const auto id = ApiKeyId::parse(text)) return *id;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no id of a key; `safelight key list` shows them.", text));
}

Result<Scopes> scopes_of(const std::vector<std::string>& names) {
    Scopes scopes;
    for (const std::string& name : names) {
        const auto scope = scope_from_name(name);
        if (!scope)
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("\"{}\" is no scope; there are images:read, images:write, admin.", name));
        scopes.add(*scope);
    }
    return scopes;
}

/// The key alone on standard output, so that a script can take it; what is to be said of it beside.
void print_issued(const IssuedKey& issued) {
    fmt::print(stderr, "key {} may {}; it is shown this once:\n", issued.key.id.to_string(),
               issued.key.scopes.to_text());
    fmt::print("{}\n", issued.text);
}

std::string state_of(const ApiKey& key, Timestamp now) {
    if (key.revoked_at) return "revoked " + to_rfc3339(*key.revoked_at);
    if (key.expires_at && *key.expires_at <= now) return "expired " + to_rfc3339(*key.expires_at);
    if (key.expires_at) return "until " + to_rfc3339(*key.expires_at);
    return "valid";
}

Status create_account(AccessAdmin& admin, const std::string& name) {
    TRY_ASSIGN(const Account account, admin.ring->create_account(name));
    fmt::print("{} {}\n", account.id.to_string(), account.name);
    return {};
}

Status list_accounts(AccessAdmin& admin) {
    std::optional<AccountId> after;
    for (;;) {
        TRY_ASSIGN(const auto accounts, admin.database->accounts().list_accounts(after, page));
        for (const Account& account : accounts) fmt::print("{} {}\n", account.id.to_string(), account.name);
        if (accounts.size() < page) return {};
        after = accounts.back().id;
    }
}

Status create_key(AccessAdmin& admin, const KeyOptions& options) {
    KeyRequest request;
    TRY_ASSIGN(const Account account, account_of(admin.database->accounts(), options.account));
    TRY_ASSIGN(request.scopes, scopes_of(options.scopes));
    request.account = account.id;
    request.name = options.name;
    if (options.valid_for) request.expires_at = admin.clock.now() + *options.valid_for;
    TRY_ASSIGN(const IssuedKey issued, admin.ring->issue(std::move(request)));
    print_issued(issued);
    return {};
}

Status list_keys(AccessAdmin& admin, const KeyOptions& options) {
    Accounts& accounts = admin.database->accounts();
    KeyQuery query{.limit = page};
    if (!options.account.empty()) {
        TRY_ASSIGN(const Account account, account_of(accounts, options.account));
        query.account = account.id;
    }
    for (;;) {
        TRY_ASSIGN(const auto keys, accounts.list_keys(query));
        for (const ApiKey& key : keys) {
            fmt::print("{}  {:<24}  {:<36}  {}  used {}\n", key.id.to_string(), key.name,
                       key.scopes.to_text(), state_of(key, admin.clock.now()),
                       key.last_used_at ? to_rfc3339(*key.last_used_at) : "never");
        }
        if (keys.size() < page) return {};
        query.after = keys.back().id;
    }
}

Status revoke_key(AccessAdmin& admin, const KeyOptions& options) {
    TRY_ASSIGN(const ApiKeyId id, key_id_of(options.id));
    TRY(admin.ring->revoke(id));
    fmt::print("{} is refused everywhere within five seconds\n", options.id);
    return {};
}

Status rotate_key(AccessAdmin& admin, const KeyOptions& options) {
    TRY_ASSIGN(const ApiKeyId id, key_id_of(options.id));
    TRY_ASSIGN(const IssuedKey issued, admin.ring->rotate(id, options.grace));
    print_issued(issued);
    return {};
}

Status perform(AccessAdmin& admin, const KeyOptions& options) {
    switch (options.action) {
        case KeyAction::create:
            return create_key(admin, options);
        case KeyAction::list:
            return list_keys(admin, options);
        case KeyAction::revoke:
            return revoke_key(admin, options);
        case KeyAction::rotate:
            return rotate_key(admin, options);
    }
    return {};
}

}  // namespace

int run_account(const Config& config, const AccountOptions& options) {
    auto admin = open_access(config, options.creates);
    if (!admin) return report(admin.error());
    const Status done = options.creates ? create_account(**admin, options.name) : list_accounts(**admin);
    return done ? 0 : report(done.error());
}

int run_key(const Config& config, const KeyOptions& options) {
    auto admin = open_access(config, options.action == KeyAction::create);
    if (!admin) return report(admin.error());
    const Status done = perform(**admin, options);
    return done ? 0 : report(done.error());
}

}  // namespace safelight::app
