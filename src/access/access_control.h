// Who is behind a bearer token, and what they may do.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/accounts.h"
#include "telemetry/log.h"

namespace safelight {

/// On whose behalf a request acts.
struct Principal {
    AccountId account;
    Scopes scopes;
    std::string name;  // for the log: the key's id, never its text
};

struct AccessConfig {
    /// For how long an answer is remembered, from when it was asked for: a key that is revoked is refused
    /// after this on every node.
    Milliseconds cache_ttl{3'000};
    std::size_t cached_max = 10'000;
    /// How exactly the time of a key's last use is kept.
    Milliseconds use_noted_every{60'000};
};

/// Any thread may call.
class AccessControl {
  public:
    /// What is passed in outlives this.
    AccessControl(const AccessConfig& config, Accounts& accounts, const Clock& clock, telemetry::Logger& log)
        : config_(config), accounts_(accounts), clock_(clock), log_(log) {}

    /// What check() would return without asking the catalog; empty when it has to be asked. Does not block.
    [[nodiscard]] std::optional<Result<Principal>> cached(std::string_view token);

    /// Blocks. Errors: unauthenticated (one text for all reasons), unavailable.
    [[nodiscard]] Result<Principal> check(std::string_view token);

  private:
    using SteadyClock = std::chrono::steady_clock;
    /// An answer to a token, by the token's hash. Refusals are kept too: a client with an old key asks on and
    /// on.
    struct CacheEntry {
        Sha256 hash;
        std::optional<ApiKey> key;  // empty: nobody knows it
        SteadyClock::time_point asked_at;
    };

    [[nodiscard]] Result<Principal> evaluate(const std::optional<ApiKey>& key) const;
    void store(const Sha256& hash, const std::optional<ApiKey>& key, SteadyClock::time_point asked_at);
    void note_use(const ApiKey& key);

    const AccessConfig config_;
    Accounts& accounts_;
    const Clock& clock_;
    telemetry::Logger& log_;

    std::mutex mutex_;
    std::list<CacheEntry> entries_;  // guarded by mutex_; the newest first
    std::unordered_map<std::string, std::list<CacheEntry>::iterator> by_hash_;  // guarded by mutex_
};

/// Errors: forbidden.
[[nodiscard]] Status require(const Principal& principal, Scope scope);

}  // namespace safelight
