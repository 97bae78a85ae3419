// Who is behind an API key, and what they may do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "access/bounded_cache.h"
#include "access/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/accounts.h"
#include "telemetry/log.h"

namespace safelight {

struct AccessConfig {
    /// For how long an answer is remembered, from when it was asked for: a key that is revoked is refused
    /// after this on every node.
    Milliseconds cache_ttl{3'000};
    std::size_t cached_max = 10'000;
    /// Of keys that nobody knows, kept apart: whoever makes keys up pushes no real one out.
    std::size_t unknown_max = 1'000;
    /// How exactly the time of a key's last use is kept.
    Milliseconds use_noted_every{60'000};
};

/// Any thread may call.
class AccessControl {
  public:
    /// What is passed in outlives this.
    AccessControl(const AccessConfig& config, Accounts& accounts, const Clock& clock, telemetry::Logger& log)
        : config_(config),
          accounts_(accounts),
          clock_(clock),
          log_(log),
          known_(config.cached_max),
          unknown_(config.unknown_max) {}

    /// What check() would return without asking the catalog; empty when it has to be asked. Does not block.
    [[nodiscard]] std::optional<Result<Principal>> cached(std::string_view key);

    /// The same, and asks the catalog when it has to. Blocks. Who asks for a key that is being looked up
    /// waits for that answer. Errors: unauthenticated (one text for all reasons), unavailable.
    [[nodiscard]] Result<Principal> check(std::string_view key);

    /// Writes down when keys were used; requests only note it in memory. Call it every second or so, and at
    /// the end. Blocks.
    void write_uses();

  private:
    using SteadyClock = std::chrono::steady_clock;
    struct KnownKey {
        ApiKey key;
        SteadyClock::time_point asked_at;
    };
    /// One question to the catalog, for all who wait for its answer.
    struct Lookup {
        std::condition_variable answered;
        std::optional<Result<std::optional<ApiKey>>> answer;  // guarded by mutex_
    };

    [[nodiscard]] Result<std::optional<ApiKey>> look_up(const Sha256& hash);
    [[nodiscard]] Result<std::optional<ApiKey>> ask(const Sha256& hash) const;
    [[nodiscard]] Result<Principal> evaluate(const std::optional<ApiKey>& key) const;
    void remember(const Sha256& hash, const std::optional<ApiKey>& key, SteadyClock::time_point asked_at);
    void note_use(const ApiKey& key);

    const AccessConfig config_;
    Accounts& accounts_;
    const Clock& clock_;
    telemetry::Logger& log_;

    std::mutex mutex_;
    BoundedCache<KnownKey> known_;                       // guarded by mutex_
    BoundedCache<SteadyClock::time_point> unknown_;      // guarded by mutex_
    std::map<Sha256, std::shared_ptr<Lookup>> lookups_;  // under way; guarded by mutex_
    std::map<ApiKeyId, Timestamp> uses_;                 // not written yet; guarded by mutex_
};

}  // namespace safelight
