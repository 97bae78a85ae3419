// How the Redis of the queue is, and what the user may do there: for whoever has to mend it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/clock_skew.h"
#include "base/result.h"
#include "queue/redis/redis_config.h"

namespace safelight {

struct RedisExamination {
    std::string software;  // "Redis" or "Valkey"
    std::string version;   // "7.0.15"
    bool is_too_old = false;
    bool is_replica = false;
    bool is_in_cluster = false;
    /// What the queue cannot do without and is refused, by the command: "XADD", or "XADD on NAME:bulk" where
    /// it is not refused for each lane.
    std::vector<std::string> refused;
    std::vector<std::string> refused_upkeep;  // of what only tidies up
    std::vector<std::string> trouble;  // other reasons why the server does not take commands; what to mend

    /// Empty: the user may not ask (INFO).
    std::optional<std::string> eviction;  // maxmemory-policy
    std::uint64_t memory_max_bytes = 0;   // 0: no limit; known with `eviction`
    std::optional<ClockSkew> clock;       // empty: the user may not ask (TIME)

    /// It throws keys away by itself when its memory is full, streams among them.
    [[nodiscard]] bool evicts_streams() const { return eviction && eviction->starts_with("allkeys-"); }
};

/// Nothing is changed: commands are tried within a transaction that is never carried out. Blocks: for two
/// connections, of command_timeout each. `clock` is this machine's. Errors: unavailable; the log text says
/// what to mend.
[[nodiscard]] Result<RedisExamination> examine_redis(const RedisQueueConfig& config, const Clock& clock);

}  // namespace safelight
