#include "access/access_control.h"

#include <fmt/format.h>

#include "access/api_key_text.h"

namespace safelight {
namespace {

std::unexpected<Error> unauthenticated() {
    return failure(ErrorCode::unauthenticated, "The request needs a valid API key.");
}

std::string name_in_memory(const Sha256& hash) {
    return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

}  // namespace

std::optional<Result<Principal>> AccessControl::recall(std::string_view token) {
    const auto hash = hash_of_api_key(token);
    if (!hash) return unauthenticated();
    const std::lock_guard lock(mutex_);
    const auto found = by_hash_.find(name_in_memory(*hash));
    if (found == by_hash_.end() || found->second->until <= SteadyClock::now()) return std::nullopt;
    return judge(found->second->key);
}

Result<Principal> AccessControl::check(std::string_view token) {
    const auto hash = hash_of_api_key(token);
    if (!hash) return unauthenticated();
    TRY_ASSIGN(const auto key, accounts_.find_key(*hash));
    remember(*hash, key);
    auto principal = judge(key);
    if (principal) note_use(*key);
    return principal;
}

Result<Principal> AccessControl::judge(const std::optional<ApiKey>& key) const {
    if (!key || !is_valid(*key, clock_.now())) return unauthenticated();
    return Principal{key->account, key->scopes, key->id.to_string()};
}

void AccessControl::remember(const Sha256& hash, const std::optional<ApiKey>& key) {
    const std::string name = name_in_memory(hash);
    const std::lock_guard lock(mutex_);
    if (const auto found = by_hash_.find(name); found != by_hash_.end()) {
        memories_.erase(found->second);
        by_hash_.erase(found);
    }
    if (memories_.size() >= config_.remembered_max) {
        by_hash_.erase(name_in_memory(memories_.back().hash));
        memories_.pop_back();
    }
    memories_.push_front({hash, key, SteadyClock::now() + config_.remembered_for});
    by_hash_[name] = memories_.begin();
}

/// That it could not be noted is no reason to refuse anybody.
void AccessControl::note_use(const ApiKey& key) {
    const Timestamp now = clock_.now();
    if (key.last_used_at && now < *key.last_used_at + config_.use_noted_every) return;
    if (const Status noted = accounts_.note_use(key.id, now); !noted) {
        log_.warn("the use of a key could not be noted",
                  {{"key_id", key.id.to_string()}, {"detail", noted.error().log_text}});
    }
}

Status require(const Principal& principal, Scope scope) {
    if (principal.scopes.has(scope)) return {};
    return failure(ErrorCode::forbidden, fmt::format("The API key lacks the scope \"{}\".", name_of(scope)));
}

}  // namespace safelight
