#include "catalog/sql/idempotency.h"

#include <string>

namespace safelight {

KeyState read_key_state(Columns& columns) {
    const Timestamp expires_at = columns.time();
    if (columns.next_is_null()) return KeyInUse{expires_at};
    KeptAnswer kept;
    kept.fingerprint = columns.sha256();
    const auto answer = columns.bytes();
    kept.answer.assign(reinterpret_cast<const char*>(answer.data()), answer.size());
    return kept;
}

OverdueKey read_overdue_key(Columns& columns) {
    OverdueKey key;
    key.account = columns.id<AccountId>();
    key.key_hash = columns.sha256();
    return key;
}

}  // namespace safelight
