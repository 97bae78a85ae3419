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
struct Office {
    SystemClock clock;
    IdGenerator ids{clock};
    std::unique_ptr<CatalogDatabase> database;
    std::unique_ptr<KeyRing> ring;
};

/// Keys may be made before the server runs for the first time: the embedded catalog is made when it is not
/// there.
Result<std::unique_ptr<Office>> open_office(const Config& config) {
    auto office = std::make_unique<Office>();
    TRY(make_data_folder(config));
    TRY_ASSIGN(office->database, open_catalog_to_serve(config, office->clock));
    office->ring = std::make_unique<KeyRing>(office->database->accounts(), office->ids, office->clock);
    return office;
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
    if (key.revoked_at && *key.revoked_at <= now) return "revoked " + to_rfc3339(*key.revoked_at);
    if (key.expires_at && *key.expires_at <= now) return "expired " + to_rfc3339(*key.expires_at);
    if (key.revoked_at) return "until " + to_rfc3339(*key.revoked_at);
    if (key.expires_at) return "until " + to_rfc3339(*key.expires_at);
    return "valid";
}

Status create_account(Office& office, const std::string& name) {
    TRY_ASSIGN(const Account account, office.ring->create_account(name));
    fmt::print("{} {}\n", account.id.to_string(), account.name);
    return {};
}

Status list_accounts(Office& office) {
    std::optional<AccountId> after;
    for (;;) {
        TRY_ASSIGN(const auto accounts, office.database->accounts().list_accounts(after, page));
        for (const Account& account : accounts) fmt::print("{} {}\n", account.id.to_string(), account.name);
        if (accounts.size() < page) return {};
        after = accounts.back().id;
    }
}

Status create_key(Office& office, const KeyOptions& options) {
    KeyRequest request;
    TRY_ASSIGN(const Account account, account_of(office.database->accounts(), options.account));
    TRY_ASSIGN(request.scopes, scopes_of(options.scopes));
    request.account = account.id;
    request.name = options.name;
    if (options.valid_for) request.expires_at = office.clock.now() + *options.valid_for;
    TRY_ASSIGN(const IssuedKey issued, office.ring->issue(std::move(request)));
    print_issued(issued);
    return {};
}

Status list_keys(Office& office, const KeyOptions& options) {
    Accounts& accounts = office.database->accounts();
    KeyQuery query{.limit = page};
    if (!options.account.empty()) {
        TRY_ASSIGN(const Account account, account_of(accounts, options.account));
        query.account = account.id;
    }
    for (;;) {
        TRY_ASSIGN(const auto keys, accounts.list_keys(query));
        for (const ApiKey& key : keys) {
            fmt::print("{}  {:<24}  {:<36}  {}  used {}\n", key.id.to_string(), key.name,
                       key.scopes.to_text(), state_of(key, office.clock.now()),
                       key.last_used_at ? to_rfc3339(*key.last_used_at) : "never");
        }
        if (keys.size() < page) return {};
        query.after = keys.back().id;
    }
}

Status revoke_key(Office& office, const KeyOptions& options) {
    TRY_ASSIGN(const ApiKeyId id, key_id_of(options.id));
    TRY(office.ring->revoke(id));
    fmt::print("{} is refused everywhere within five seconds\n", options.id);
    return {};
}

Status rotate_key(Office& office, const KeyOptions& options) {
    TRY_ASSIGN(const ApiKeyId id, key_id_of(options.id));
    TRY_ASSIGN(const IssuedKey issued, office.ring->rotate(id, options.grace));
    print_issued(issued);
    return {};
}

Status perform(Office& office, const KeyOptions& options) {
    switch (options.action) {
        case KeyAction::create:
            return create_key(office, options);
        case KeyAction::list:
            return list_keys(office, options);
        case KeyAction::revoke:
            return revoke_key(office, options);
        case KeyAction::rotate:
            return rotate_key(office, options);
    }
    return {};
}

}  // namespace

int run_account(const Config& config, const AccountOptions& options) {
    auto office = open_office(config);
    if (!office) return report(office.error());
    const Status done =
        options.name.empty() ? list_accounts(**office) : create_account(**office, options.name);
    return done ? 0 : report(done.error());
}

int run_key(const Config& config, const KeyOptions& options) {
    auto office = open_office(config);
    if (!office) return report(office.error());
    const Status done = perform(**office, options);
    return done ? 0 : report(done.error());
}

}  // namespace safelight::app
