#include "catalog/sql/accounts.h"

#include "catalog/records.h"
#include "catalog/sql/quotas.h"
#include "catalog/sql/retention.h"

namespace safelight {

Account read_account(Columns& columns) {
    Account account;
    account.id = columns.id<AccountId>();
    account.name = columns.text();
    account.created_at = time_of(account.id.uuid);
    account.quotas = read_quotas(columns);
    account.retention = read_own_retention(columns);
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

}  // namespace safelight
