#include "access/key_ring.h"

#include <utility>
#include <vector>

#include "access/api_key_text.h"
#include "catalog/records.h"

namespace safelight {
namespace {

Status check(const KeyRequest& request, Timestamp now) {
    std::vector<Fault> faults;
    if (const Status name = check_name(request.name, "/name"); !name) faults = name.error().faults;
    if (request.scopes.empty()) faults.push_back({"/scopes", "A key has at least one scope."});
    if (request.expires_at && *request.expires_at <= now)
        faults.push_back({"/expires_at", "A key expires in the future."});
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

}  // namespace

Result<Account> KeyRing::create_account(std::string name) {
    TRY(check_name(name, "/name"));
    Account account{.id = ids_.next<AccountId>(), .name = std::move(name), .created_at = {}};
    account.created_at = time_of(account.id.uuid);
    const Status created = accounts_.create_account(account);
    if (!created && created.error().code == ErrorCode::conflict)
        return failure(ErrorCode::conflict, "An account of that name exists.");
    TRY(created);
    return account;
}

Result<IssuedKey> KeyRing::issue(KeyRequest request) {
    TRY(check(request, clock_.now()));
    NewApiKeyText made = make_api_key_text();
    ApiKey key{.id = ids_.next<ApiKeyId>(),
               .account = request.account,
               .name = std::move(request.name),
               .scopes = request.scopes,
               .created_at = {},
               .expires_at = request.expires_at};
    key.created_at = time_of(key.id.uuid);
    TRY(accounts_.create_key(key, made.hash));
    return IssuedKey{std::move(key), std::move(made.text)};
}

Result<ApiKey> KeyRing::revoke(ApiKeyId id) {
    return accounts_.revoke_key(id, clock_.now());
}

Result<IssuedKey> KeyRing::rotate(ApiKeyId id, Milliseconds grace) {
    TRY_ASSIGN(const auto old, accounts_.find_key(id));
    if (!old) return failure(ErrorCode::not_found, "There is no such key.");
    const Timestamp now = clock_.now();
    if (!is_valid(*old, now))
        return failure(ErrorCode::conflict, "The key is not valid any more; make a new one instead.");
    // First the new one: when the second step fails, there are two keys, not none.
    TRY_ASSIGN(auto issued, issue({old->account, old->name, old->scopes, old->expires_at}));
    TRY(accounts_.revoke_key(id, now + grace));
    return issued;
}

}  // namespace safelight
