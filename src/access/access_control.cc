#include "access/access_control.h"

#include <exception>
#include <utility>
#include <vector>

#include "access/api_key_text.h"

namespace safelight {
namespace {

std::unexpected<Error> unauthenticated() {
    return failure(ErrorCode::unauthenticated, "The request needs a valid API key.");
}

}  // namespace

std::optional<Result<Principal>> AccessControl::cached(std::string_view key) {
    const auto hash = hash_of_api_key(key);
    if (!hash) return unauthenticated();
    const auto oldest = SteadyClock::now() - config_.cache_ttl;
    const std::lock_guard lock(mutex_);
    if (const KnownKey* known = known_.find(*hash); known != nullptr && known->asked_at > oldest)
        return evaluate(known->key);
    if (const auto* asked_at = unknown_.find(*hash); asked_at != nullptr && *asked_at > oldest)
        return unauthenticated();
    return std::nullopt;
}

Result<Principal> AccessControl::check(std::string_view key) {
    // While this call waited for a thread, another one may have been answered.
    if (auto known = cached(key)) return *std::move(known);
    const auto hash = hash_of_api_key(key);
    if (!hash) return unauthenticated();
    TRY_ASSIGN(const auto found, look_up(*hash));
    auto principal = evaluate(found);
    if (principal) note_use(*found);
    return principal;
}

Result<std::optional<ApiKey>> AccessControl::look_up(const Sha256& hash) {
    std::unique_lock lock(mutex_);
    if (const auto under_way = lookups_.find(hash); under_way != lookups_.end()) {
        const auto lookup = under_way->second;
        lookup->answered.wait(lock, [&] { return lookup->answer.has_value(); });
        return *lookup->answer;
    }
    const auto lookup = std::make_shared<Lookup>();
    lookups_.emplace(hash, lookup);
    lock.unlock();
    const auto asked_at = SteadyClock::now();
    auto answer = ask(hash);
    lock.lock();
    if (answer) remember(hash, *answer, asked_at);
    lookup->answer = answer;
    lookups_.erase(hash);
    lookup->answered.notify_all();
    return answer;
}

/// Whatever happens, those who wait get an answer.
Result<std::optional<ApiKey>> AccessControl::ask(const Sha256& hash) const {
    try {
        return accounts_.find_key(hash);
    } catch (const std::exception& exception) {
        return failure(ErrorCode::internal, "Something went wrong.", exception.what());
    }
}

Result<Principal> AccessControl::evaluate(const std::optional<ApiKey>& key) const {
    if (!key || !is_valid(*key, clock_.now())) return unauthenticated();
    return Principal{key->account, key->scopes, key->id.to_string()};
}

void AccessControl::remember(const Sha256& hash, const std::optional<ApiKey>& key,
                             SteadyClock::time_point asked_at) {
    if (key) {
        unknown_.erase(hash);
        known_.put(hash, {*key, asked_at});
    } else {
        known_.erase(hash);
        unknown_.put(hash, asked_at);
    }
}

void AccessControl::note_use(const ApiKey& key) {
    const Timestamp now = clock_.now();
    if (key.last_used_at && now < *key.last_used_at + config_.use_noted_every) return;
    const std::lock_guard lock(mutex_);
    if (uses_.size() < config_.cached_max || uses_.contains(key.id)) uses_[key.id] = now;
}

/// What could not be written is noted at the next use: no reason to refuse anybody.
void AccessControl::write_uses() {
    std::vector<KeyUse> uses;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, at] : std::exchange(uses_, {})) uses.push_back({id, at});
    }
    if (uses.empty()) return;
    if (const Status noted = accounts_.note_uses(uses); !noted) {
        log_.warn("the use of keys could not be noted",
                  {{"keys", uses.size()}, {"detail", noted.error().log_text}});
    }
}

}  // namespace safelight
