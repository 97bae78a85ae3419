#include "catalog/sql/accounts.h"

#include "catalog/records.h"

namespace safelight {

Account read_account(Columns& columns) {
    Account account;
    account.id = columns.id<AccountId>();
    account.name = columns.text();
    account.created_at = time_of(account.id.uuid);
    return account;
}

ApiKey read_api_key(Columns& columns) {
    ApiKey key;
    key.id = columns.id<ApiKeyId>();
    key.account = columns.id<AccountId>();
    key.name = columns.text();
    key.scopes = columns.named(&Scopes::from_text);
    key.created_at = time_of(key.id.uuid);
    key.expires_at = columns.optional_time();
    key.revoked_at = columns.optional_time();
    key.last_used_at = columns.optional_time();
    return key;
}

std::unexpected<Error> no_account() {
    return failure(ErrorCode::not_found, "There is no such account.");
}

std::unexpected<Error> no_key() {
    return failure(ErrorCode::not_found, "There is no such key.");
}

std::unexpected<Error> key_is_revoked() {
    return failure(ErrorCode::conflict, "The key is not valid any more; make a new one instead.");
}

}  // namespace safelight
