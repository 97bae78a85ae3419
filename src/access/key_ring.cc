#include "access/key_ring.h"

#include <utility>
#include <vector>

#include "access/api_key_text.h"
#include "catalog/records.h"

namespace safelight {
namespace {

Status check(const KeyRequest& request, Timestamp now) {
    std::vector<Fault> faults;
    if (const Status name = check_account_name(request.name, "/name"); !name) faults = name.error().faults;
    if (request.scopes.empty()) faults.push_back({"/scopes", "A key has at least one scope."});
    if (request.expires_at && *request.expires_at <= now)
        faults.push_back({"/expires_at", "A key expires in the future."});
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

}  // namespace

Result<Account> KeyRing::create_account(std::string name, const Quotas& quotas,
                                        const OwnRetention& retention) {
    TRY(check_account_name(name, "/name"));
    Account account{.id = ids_.next<AccountId>(),
                    .name = std::move(name),
                    .created_at = {},
                    .quotas = quotas,
                    .retention = retention};
    account.created_at = time_of(account.id.uuid);
    const Status created = accounts_.create_account(account);
    if (!created && created.error().code == ErrorCode::conflict)
        return failure(ErrorCode::conflict, "An account of that name exists.");
    TRY(created);
    return account;
}

namespace {

struct Draft {
    ApiKey key;
    NewApiKeyText secret;
};

Draft draft_of(KeyRequest request, IdGenerator& ids) {
    Draft draft{.key = {.id = ids.next<ApiKeyId>(),
                        .account = request.account,
                        .name = std::move(request.name),
                        .scopes = request.scopes,
                        .created_at = {},
                        .expires_at = request.expires_at},
                .secret = make_api_key_text()};
    draft.key.created_at = time_of(draft.key.id.uuid);
    return draft;
}

}  // namespace

Result<IssuedKey> KeyRing::issue(KeyRequest request) {
    TRY(check(request, clock_.now()));
    Draft draft = draft_of(std::move(request), ids_);
    TRY(accounts_.create_key(draft.key, draft.secret.hash));
    return IssuedKey{std::move(draft.key), std::move(draft.secret.text)};
}

Result<Account> KeyRing::find_account(AccountId id) {
    TRY_ASSIGN(const auto account, accounts_.find_account(id));
    if (!account) return no_account();
    return *account;
}

Result<ApiKey> KeyRing::find_key(ApiKeyId id) {
    TRY_ASSIGN(const auto key, accounts_.find_key(id));
    if (!key) return no_key();
    return *key;
}

Result<ApiKey> KeyRing::revoke(ApiKeyId id) {
    return accounts_.revoke_key(id, clock_.now());
}

Result<IssuedKey> KeyRing::rotate(ApiKeyId id, Milliseconds grace) {
    if (grace < Milliseconds::zero() || grace > grace_max)
        return invalid({{"/grace_s", "The old key stays valid for 0 seconds to 30 days."}});
    TRY_ASSIGN(const ApiKey old, find_key(id));
    const Timestamp now = clock_.now();
    if (!is_valid(old, now)) return key_is_over();
    Draft draft = draft_of({old.account, old.name, old.scopes, old.expires_at}, ids_);
    TRY(accounts_.rotate_key(id, now + grace, draft.key, draft.secret.hash));
    return IssuedKey{std::move(draft.key), std::move(draft.secret.text)};
}

}  // namespace safelight
