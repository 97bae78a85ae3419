// `safelight account` and `safelight key`: who may use the API.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "access/key_ring.h"
#include "app/commands.h"
#include "app/setting_kinds.h"
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

/// "images=1000"
Status set_quota(std::string_view text, Quotas& quotas) {
    const auto equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
    const auto field = std::ranges::find(quota_fields, name, &QuotaField::name);
    std::optional<std::uint64_t> number = parse_number(value);
    if (!number && name == "stored_bytes") number = parse_bytes(value);
    const bool is_good =
        field != quota_fields.end() && (value == "default" || (number && *number <= quota_max));
    if (!is_good)
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is no quota; there are stored_bytes, images, uploads_per_minute, "
                        "concurrent_uploads and pixels_per_day, each with a whole number up to {} or "
                        "\"default\": images=1000.",
                        text, quota_max));
    quotas.*field->value = number;
    return {};
}

Status set_quotas(const std::vector<std::string>& texts, Quotas& quotas) {
    for (const std::string& text : texts) TRY(set_quota(text, quotas));
    return {};
}

/// "delete_images_after_days=30"
Status set_rule(std::string_view text, OwnRetention& retention) {
    const auto equals = text.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
    const auto field = std::ranges::find(retention_fields, text.substr(0, equals), &RetentionField::name);
    const std::optional<std::uint64_t> days = parse_number(value);
    const bool is_good =
        field != retention_fields.end() && (value == "default" || (days && *days <= retention_days_max));
    if (!is_good)
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no rule; there are delete_images_after_days and "
                                   "expire_variants_after_days, each with a whole number up to {} or "
                                   "\"default\": delete_images_after_days=30.",
                                   text, retention_days_max));
    retention.*field->value = days;
    return {};
}

Status set_rules(const std::vector<std::string>& texts, OwnRetention& retention) {
    for (const std::string& text : texts) TRY(set_rule(text, retention));
    return {};
}

Status create_account(AccessAdmin& admin, const AccountOptions& options) {
    Quotas quotas;
    TRY(set_quotas(options.quotas, quotas));
    OwnRetention retention;
    TRY(set_rules(options.rules, retention));
    TRY_ASSIGN(const Account account, admin.ring->create_account(options.name, quotas, retention));
    fmt::print("{} {}\n", account.id.to_string(), account.name);
    return {};
}

std::string shown(const std::optional<std::uint64_t>& limit) {
    return limit ? std::to_string(*limit) : "no limit";
}

/// `defaults` as they are where this command runs, which may not be how the server is set up.
void print_quotas(const Quotas& own, const Quotas& defaults, const Usage& usage) {
    const Quotas limits = in_force(own, defaults);
    const std::uint64_t used[] = {usage.stored_bytes, usage.images, usage.uploads_this_minute,
                                  usage.concurrent_uploads, usage.pixels_today};
    for (std::size_t i = 0; i < quota_fields.size(); ++i) {
        const auto value = quota_fields[i].value;
        fmt::print("{:<18}  {} of {}{}\n", quota_fields[i].name, used[i], shown(limits.*value),
                   (own.*value) ? "" : " (default)");
    }
}

Status show_quotas(AccessAdmin& admin, const Config& config, const AccountOptions& options) {
    Accounts& accounts = admin.database->accounts();
    TRY_ASSIGN(Account account, account_of(accounts, options.name));
    if (!options.quotas.empty()) {
        Quotas checked;
        TRY(set_quotas(options.quotas, checked));
        TRY_ASSIGN(account, accounts.change_quotas(account.id, [&](Quotas& quotas) {
            static_cast<void>(set_quotas(options.quotas, quotas));  // was checked
        }));
    }
    TRY_ASSIGN(const Usage usage, admin.database->upload_quotas().usage(account.id, admin.clock.now()));
    print_quotas(account.quotas, config.quotas.defaults, usage);
    return {};
}

/// `defaults` as they are where this command runs, which may not be how the server is set up.
void print_retention(const OwnRetention& own, const RetentionRules& defaults) {
    const RetentionRules rules = in_force(own, defaults);
    const std::optional<Milliseconds> after[] = {rules.delete_images_after, rules.expire_variants_after};
    for (std::size_t i = 0; i < retention_fields.size(); ++i) {
        fmt::print("{:<26}  {}{}\n", retention_fields[i].name,
                   after[i] ? format_duration(*after[i]) : "never",
                   (own.*retention_fields[i].value) ? "" : " (default)");
    }
}

Status show_retention(AccessAdmin& admin, const Config& config, const AccountOptions& options) {
    Accounts& accounts = admin.database->accounts();
    TRY_ASSIGN(Account account, account_of(accounts, options.name));
    if (!options.rules.empty()) {
        OwnRetention checked;
        TRY(set_rules(options.rules, checked));
        TRY_ASSIGN(account, accounts.change_account(account.id, [&](Account& changed) {
            static_cast<void>(set_rules(options.rules, changed.retention));  // was checked
        }));
    }
    print_retention(account.retention, config.retention.defaults);
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

Status perform(AccessAdmin& admin, const Config& config, const AccountOptions& options) {
    switch (options.action) {
        case AccountAction::create:
            return create_account(admin, options);
        case AccountAction::list:
            return list_accounts(admin);
        case AccountAction::quotas:
            return show_quotas(admin, config, options);
        case AccountAction::retention:
            return show_retention(admin, config, options);
    }
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
    auto admin = open_access(config, options.action == AccountAction::create);
    if (!admin) return report(admin.error());
    const Status done = perform(**admin, config, options);
    return done ? 0 : report(done.error());
}

int run_key(const Config& config, const KeyOptions& options) {
    auto admin = open_access(config, options.action == KeyAction::create);
    if (!admin) return report(admin.error());
    const Status done = perform(**admin, options);
    return done ? 0 : report(done.error());
}

}  // namespace safelight::app
