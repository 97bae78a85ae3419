#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

#include "access/key_ring.h"
#include "api/handlers.h"
#include "api/json.h"
#include "api/json_body.h"
#include "api/json_page.h"
#include "api/json_values.h"
#include "api/request_values.h"
#include "transform/object_reader.h"

namespace safelight {
namespace {

constexpr std::uint32_t grace_s_max =
    std::chrono::duration_cast<std::chrono::seconds>(KeyRing::grace_max).count();

namespace json = boost::json;

/// Quotas or rules of retention, as they are set.
template <class Values, class Fields>
json::object json_of(const Values& values, const Fields& fields) {
    json::object members;
    for (const auto& field : fields) {
        const auto& value = values.*field.value;
        members[field.name] = value ? json::value(*value) : json::value(nullptr);
    }
    return members;
}

json::object json_of(const Account& account) {
    return {{"id", account.id.to_string()},
            {"name", account.name},
            {"created_at", to_rfc3339(account.created_at)},
            {"quotas", json_of(account.quotas, quota_fields)},
            {"retention", json_of(account.retention, retention_fields)}};
}

json::object json_of(const ApiKey& key) {
    json::array scopes;
    for (const Scope scope : key.scopes.list()) scopes.emplace_back(std::string(name_of(scope)));
    return {{"id", key.id.to_string()},
            {"account_id", key.account.to_string()},
            {"name", key.name},
            {"scopes", std::move(scopes)},
            {"created_at", to_rfc3339(key.created_at)},
            {"expires_at", time_or_null(key.expires_at)},
            {"revoked_at", time_or_null(key.revoked_at)},
            {"last_used_at", time_or_null(key.last_used_at)}};
}

/// What is to be set for an account; null is the server's default.
template <class Field>
using Changes = std::vector<std::pair<Field, std::optional<std::uint64_t>>>;

struct AccountChanges {
    Changes<QuotaField> quotas;
    Changes<RetentionField> retention;
};

std::optional<std::uint64_t> number_of(const json::value& value, std::uint64_t max) {
    if (!value.is_int64() && !value.is_uint64()) return std::nullopt;
    boost::system::error_code error;
    const auto number = value.to_number<std::uint64_t>(error);
    if (error || number > max) return std::nullopt;
    return number;
}

/// "quotas": {"images": 100, "stored_bytes": null}
template <class Fields>
Changes<typename Fields::value_type> changes_of(const json::object& body, std::string_view name,
                                                const Fields& fields, std::uint64_t max,
                                                const std::string& rule, std::vector<Fault>& faults) {
    Changes<typename Fields::value_type> changes;
    const json::value* const member = body.if_contains(name);
    if (member == nullptr) return changes;
    if (!member->is_object()) {
        faults.push_back({fmt::format("/{}", name), fmt::format("\"{}\" is an object.", name)});
        return changes;
    }
    for (const auto& [key, value] : member->get_object()) {
        const auto field = std::ranges::find(fields, std::string_view(key), &Fields::value_type::name);
        if (field == fields.end()) {
            const std::string_view shown = std::string_view(key).substr(0, 64);
            faults.push_back({fmt::format("/{}{}", name, pointer_to(shown)),
                              fmt::format("There is no member \"{}\" here.", shown)});
            continue;
        }
        const auto number = number_of(value, max);
        if (!number && !value.is_null()) faults.push_back({fmt::format("/{}/{}", name, field->name), rule});
        changes.emplace_back(*field, number);
    }
    return changes;
}

AccountChanges account_changes(const json::object& body, std::vector<Fault>& faults) {
    return {
        .quotas = changes_of(body, "quotas", quota_fields, quota_max,
                             fmt::format("A quota is a whole number from 0 to {}, where 0 is no limit, or "
                                         "null: the server's default.",
                                         quota_max),
                             faults),
        .retention = changes_of(body, "retention", retention_fields, retention_days_max,
                                fmt::format("A rule is a whole number of days from 0 to {}, where 0 is for "
                                            "ever, or null: the server's default.",
                                            retention_days_max),
                                faults)};
}

void apply(const AccountChanges& changes, Account& account) {
    for (const auto& [field, value] : changes.quotas) account.quotas.*field.value = value;
    for (const auto& [field, value] : changes.retention) account.retention.*field.value = value;
}

template <class Value, class Parse>
std::optional<Value> parsed(ObjectReader& reader, std::string_view name, Parse parse, const char* rule) {
    const auto text = reader.text(name);
    if (!text) return std::nullopt;
    auto value = parse(*text);
    if (!value) reader.fault(name, rule);
    return value;
}

Scopes scopes_of(const json::object& body, ObjectReader& reader) {
    Scopes scopes;
    const json::value* const list = body.if_contains("scopes");
    const bool is_list = list != nullptr && list->is_array();
    bool is_good = is_list;
    if (is_list) {
        for (const json::value& each : list->get_array()) {
            const auto scope = each.is_string() ? scope_from_name(each.get_string()) : std::nullopt;
            is_good = is_good && scope;
            if (scope) scopes.add(*scope);
        }
    }
    if (!is_good || scopes.empty())
        reader.fault("scopes", "\"scopes\" is a list of: images:read, images:write, admin.");
    return scopes;
}

/// {"name", "scopes", "account_id"?, "expires_at"?}
Result<KeyRequest> key_request(const json::object& body, const Principal& principal) {
    std::vector<Fault> faults;
    ObjectReader reader(body, "", faults);
    reader.allow_only({"name", "scopes", "account_id", "expires_at"});
    KeyRequest request;
    request.name = reader.text("name").value_or("");
    request.scopes = scopes_of(body, reader);
    request.account =
        parsed<AccountId>(reader, "account_id", AccountId::parse, "This is no id of an account.")
            .value_or(principal.account);
    request.expires_at = parsed<Timestamp>(reader, "expires_at", parse_rfc3339,
                                           "This is no RFC 3339 time such as 2026-11-23T20:08:00Z.");
    if (!faults.empty()) return invalid(std::move(faults));
    return request;
}

/// Who did what to whom, for the operator.
void note_change(const ApiParts& api, const Principal& by, std::string_view event, const std::string& id) {
    api.log.info(event, {{"id", id}, {"by", by.name}});
}

http::Response issued_response(const IssuedKey& issued) {
    json::object shown = json_of(issued.key);
    shown["key"] = issued.text;
    http::Response response = json_response(201, json::serialize(shown));
    response.headers.set("Location", fmt::format("/v1/keys/{}", issued.key.id.to_string()));
    response.headers.set("Cache-Control", "no-store");
    return response;
}

}  // namespace

Handled create_account(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto body = co_await read_object(api, request, {.scope = Scope::admin});
    if (!body) co_return std::unexpected(body.error());
    std::vector<Fault> faults;
    ObjectReader reader(*body, "", faults);
    reader.allow_only({"name", "quotas", "retention"});
    const std::string name = reader.text("name").value_or("");
    Account wanted;
    apply(account_changes(*body, faults), wanted);
    if (!faults.empty()) co_return refuse(invalid(std::move(faults)).error());
    const auto account = co_await http::on_pool(
        api.pool, [&] { return api.keys.create_account(name, wanted.quotas, wanted.retention); });
    if (!account) co_return refuse(account.error());
    note_change(api, principal, "account_created", account->id.to_string());
    http::Response response = json_response(201, json::serialize(json_of(*account)));
    response.headers.set("Location", fmt::format("/v1/accounts/{}", account->id.to_string()));
    co_return response;
}

Handled list_accounts(const ApiParts& api, const Principal&, http::Request& request) {
    const auto query = page_query(request, ListKind::accounts);
    if (!query) co_return refuse(query.error());
    std::optional<AccountId> after;
    if (query->after) after = AccountId{*query->after};
    const auto accounts = co_await http::on_pool(
        api.pool, [&] { return api.keys.accounts().list_accounts(after, query->limit + 1); });
    if (!accounts) co_return refuse(accounts.error());
    co_return page_of(
        request, std::span<const Account>(*accounts), query->limit, ListKind::accounts,
        [](const Account& record) { return json_of(record); },
        [](const Account& record) { return record.id.uuid; });
}

Handled get_account(const ApiParts& api, const Principal&, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<AccountId>(request);
    if (!id) co_return refuse(id.error());
    const auto account = co_await http::on_pool(api.pool, [&] { return api.keys.find_account(*id); });
    if (!account) co_return refuse(account.error());
    co_return json_response(200, json::serialize(json_of(*account)));
}

Handled update_account(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<AccountId>(request);
    if (!id) co_return refuse(id.error());
    const auto body = co_await read_object(
        api, request, {.scope = Scope::admin, .other_type = "application/merge-patch+json"});
    if (!body) co_return std::unexpected(body.error());
    std::vector<Fault> faults;
    ObjectReader(*body, "", faults).allow_only({"quotas", "retention"});
    const AccountChanges changes = account_changes(*body, faults);
    if (!faults.empty()) co_return refuse(invalid(std::move(faults)).error());
    const auto account = co_await http::on_pool(api.pool, [&]() -> Result<Account> {
        TRY_ASSIGN(Account changed, api.keys.accounts().change_account(
                                        *id, [&](Account& account) { apply(changes, account); }));
        // Here at once; elsewhere when what is remembered is too old. Should it fail, here as well.
        static_cast<void>(api.quotas.in_force_now(*id));
        return changed;
    });
    if (!account) co_return refuse(account.error());
    note_change(api, principal, "account_changed", id->to_string());
    co_return json_response(200, json::serialize(json_of(*account)));
}

Handled create_key(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto body = co_await read_object(api, request, {.scope = Scope::admin});
    if (!body) co_return std::unexpected(body.error());
    const auto wanted = key_request(*body, principal);
    if (!wanted) co_return refuse(wanted.error());
    const auto issued = co_await http::on_pool(api.pool, [&] { return api.keys.issue(*wanted); });
    if (!issued && issued.error().code == ErrorCode::not_found)
        co_return refuse(invalid({{"/account_id", issued.error().public_text}}).error());
    if (!issued) co_return refuse(issued.error());
    note_change(api, principal, "key_issued", issued->key.id.to_string());
    co_return issued_response(*issued);
}

Handled list_keys(const ApiParts& api, const Principal&, http::Request& request) {
    const auto query = page_query(request, ListKind::keys, {"account_id"});
    if (!query) co_return refuse(query.error());
    KeyQuery wanted{.limit = query->limit + 1};
    if (query->after) wanted.after = ApiKeyId{*query->after};
    if (const auto account = query_value(request, "account_id")) {
        wanted.account = AccountId::parse(*account);
        if (!wanted.account)
            co_return refuse(invalid({{"?account_id", "This is no id of an account."}}).error());
    }
    const auto keys = co_await http::on_pool(api.pool, [&] { return api.keys.accounts().list_keys(wanted); });
    if (!keys) co_return refuse(keys.error());
    co_return page_of(
        request, std::span<const ApiKey>(*keys), query->limit, ListKind::keys,
        [](const ApiKey& record) { return json_of(record); },
        [](const ApiKey& record) { return record.id.uuid; });
}

Handled get_key(const ApiParts& api, const Principal&, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ApiKeyId>(request);
    if (!id) co_return refuse(id.error());
    const auto key = co_await http::on_pool(api.pool, [&] { return api.keys.find_key(*id); });
    if (!key) co_return refuse(key.error());
    co_return json_response(200, json::serialize(json_of(*key)));
}

Handled revoke_key(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ApiKeyId>(request);
    if (!id) co_return refuse(id.error());
    const auto revoked = co_await http::on_pool(api.pool, [&] { return api.keys.revoke(*id); });
    if (!revoked) co_return refuse(revoked.error());
    note_change(api, principal, "key_revoked", id->to_string());
    co_return http::Response{.status = 204, .headers = {}, .body = {}};
}

Handled rotate_key(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ApiKeyId>(request);
    if (!id) co_return refuse(id.error());
    const auto body = co_await read_object(api, request, {.scope = Scope::admin, .may_be_empty = true});
    if (!body) co_return std::unexpected(body.error());
    std::vector<Fault> faults;
    ObjectReader reader(*body, "", faults);
    reader.allow_only({"grace_s"});
    const std::chrono::seconds grace{reader.whole_number("grace_s", 0, grace_s_max).value_or(0)};
    if (!faults.empty()) co_return refuse(invalid(std::move(faults)).error());
    const auto issued = co_await http::on_pool(api.pool, [&] { return api.keys.rotate(*id, grace); });
    if (!issued) co_return refuse(issued.error());
    note_change(api, principal, "key_rotated", id->to_string());
    co_return issued_response(*issued);
}

}  // namespace safelight
