#include "access/access_control.h"

#include <fmt/format.h>

#include "access/api_key_text.h"

namespace safelight {
namespace {

std::unexpected<Error> unauthenticated() {
    return failure(ErrorCode::unauthenticated, "The request needs a valid API key.");
}

std::string cache_key_of(const Sha256& hash) {
    return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

}  // namespace

std::optional<Result<Principal>> AccessControl::cached(std::string_view token) {
    const auto hash = hash_of_api_key(token);
    if (!hash) return unauthenticated();
    const std::lock_guard lock(mutex_);
    const auto found = by_hash_.find(cache_key_of(*hash));
    if (found == by_hash_.end()) return std::nullopt;
    if (SteadyClock::now() - found->second->asked_at >= config_.cache_ttl) return std::nullopt;
    return evaluate(found->second->key);
}

Result<Principal> AccessControl::check(std::string_view token) {
    const auto hash = hash_of_api_key(token);
    if (!hash) return unauthenticated();
    const auto asked_at = SteadyClock::now();
    TRY_ASSIGN(const auto key, accounts_.find_key(*hash));
    store(*hash, key, asked_at);
    auto principal = evaluate(key);
    if (principal) note_use(*key);
    return principal;
}

Result<Principal> AccessControl::evaluate(const std::optional<ApiKey>& key) const {
    if (!key || !is_valid(*key, clock_.now())) return unauthenticated();
    return Principal{key->account, key->scopes, key->id.to_string()};
}

/// An answer that took long does not take the place of one that was asked for later.
void AccessControl::store(const Sha256& hash, const std::optional<ApiKey>& key,
                          SteadyClock::time_point asked_at) {
    const std::string name = cache_key_of(hash);
    const std::lock_guard lock(mutex_);
    if (const auto found = by_hash_.find(name); found != by_hash_.end()) {
        if (found->second->asked_at > asked_at) return;
        entries_.erase(found->second);
        by_hash_.erase(found);
    }
    if (entries_.size() >= config_.cached_max) {
        by_hash_.erase(cache_key_of(entries_.back().hash));
        entries_.pop_back();
    }
    entries_.push_front({hash, key, asked_at});
    by_hash_[name] = entries_.begin();
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
