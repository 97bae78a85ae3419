#include "app/doctor_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/units.h"
#include "blobs/s3/s3_examination.h"

namespace safelight::app {
namespace {

constexpr std::uint64_t free_bytes_low = GiB;
constexpr std::uint32_t news_connections = 2;  // beside the pool, of each process

Error fault(std::string text, std::string log_text = {}) {
    return {ErrorCode::conflict, std::move(text), std::move(log_text), {}};
}

/// As exactly as anybody wants to know.
std::string about(Milliseconds time) {
    using namespace std::chrono_literals;
    if (time < 10s) return fmt::format("{} ms", time.count());
    if (time < 10min) return fmt::format("{} s", std::chrono::round<std::chrono::seconds>(time).count());
    return fmt::format("{} minutes", std::chrono::round<std::chrono::minutes>(time).count());
}

/// "12 s ahead of"
std::string direction(const ClockSkew& skew) {
    return fmt::format("{} {}", about(std::chrono::abs(skew.ahead)),
                       skew.ahead.count() > 0 ? "ahead of" : "behind");
}

std::string clock_fact(const ClockSkew& skew) {
    if (skew.is_within_uncertainty())
        return fmt::format("its clock agrees with this one's to {}", about(skew.uncertainty));
    return fmt::format("its clock is {} this one's", direction(skew));
}

void tell_of_catalog_clock(const ClockSkew& skew, const Config& config, Findings& findings) {
    findings.facts.push_back(clock_fact(skew));
    const Milliseconds bound = catalog_skew_max(config);
    if (!skew.exceeds(bound)) return;
    std::string text = fmt::format(
        "The database's clock is {} this machine's. Leases go by the clocks of the machines: from {} on, "
        "jobs, "
        "requests and uploads of other processes can seem to be given up, and are taken over while they are "
        "under way (what is finished twice is kept once). Set the clocks, by NTP.",
        direction(skew), format_duration(bound));
    // Its own bound is the other way round: of this machine's clock before the database's.
    const Milliseconds retention_max = PostgresConfig{}.clock_ahead_max;
    if (skew.ahead.count() < 0 && skew.exceeds(retention_max)) {
        findings.faults.push_back(
            fault(std::move(text), fmt::format("So far ahead of the database ({} at most), this machine does "
                                               "not carry out rules of retention at all.",
                                               format_duration(retention_max))));
    } else {
        findings.warnings.push_back(std::move(text));
    }
}

void tell_of_rights(const PostgresExamination& found, Findings& findings) {
    if (found.schema.empty()) {
        findings.faults.push_back(fault(fmt::format(
            "The role \"{0}\" may use no schema of its search path: `GRANT USAGE ON SCHEMA … TO \"{0}\"`, or "
            "name another one in SAFELIGHT_CATALOG (?options=-csearch_path%3Dname).",
            found.role)));
    }
    if (!found.lacking.empty()) {
        findings.faults.push_back(fault(
            fmt::format(
                "The role \"{0}\" lacks rights in the schema \"{1}\": have its owner `GRANT SELECT, INSERT, "
                "UPDATE, DELETE ON ALL TABLES IN SCHEMA \"{1}\" TO \"{0}\"` and `GRANT USAGE ON "
                "ALL SEQUENCES IN SCHEMA \"{1}\" TO \"{0}\"`.",
                found.role, found.schema),
            fmt::format("It lacks {}.", fmt::join(found.lacking, "; "))));
    }
}

void tell_of_connections(const PostgresExamination& found, const Config& config, Findings& findings) {
    const auto wanted = std::int64_t{config.catalog_connections} + news_connections;
    findings.facts.push_back(
        fmt::format("{} connections free", std::max<std::int64_t>(found.connections_free, 0)));
    if (found.connections_free >= wanted) return;
    findings.warnings.push_back(
        fmt::format("{} connections are free, and one more process takes up to {}: raise max_connections (or "
                    "the limit of "
                    "the role or the database), or lower SAFELIGHT_CATALOG_CONNECTIONS.",
                    std::max<std::int64_t>(found.connections_free, 0), wanted));
}

std::string allow_user(const RedisQueueConfig& redis) {
    return fmt::format(
        "allow it, at the server: `ACL SETUSER {} ~{}* +@stream +multi +exec +ping +select +client|id "
        "+client|setname +client|unblock +eval`",
        redis.user.empty() ? "default" : redis.user, redis.stream);
}

std::string user_of(const RedisQueueConfig& redis) {
    return redis.user.empty() ? "The default user" : fmt::format("The user \"{}\"", redis.user);
}

void tell_what_stands_in_the_way(const RedisExamination& found, const RedisQueueConfig& redis,
                                 Findings& findings) {
    if (found.is_too_old)
        findings.faults.push_back(
            fault(fmt::format("{} {} is not supported: Redis 6.2 or newer, or Valkey, is needed.",
                              found.software, found.version)));
    if (found.is_replica)
        findings.faults.push_back(
            fault("This is a replica, which takes no hints: name the primary in SAFELIGHT_QUEUE."));
    if (found.is_in_cluster)
        findings.faults.push_back(fault(
            "This is a cluster, which is not supported: name a single Redis, or a primary with replicas, in "
            "SAFELIGHT_QUEUE."));
    if (!found.refused.empty())
        findings.faults.push_back(fault(fmt::format("{} may not give commands that the queue needs: {}.",
                                                    user_of(redis), allow_user(redis)),
                                        fmt::format("Refused: {}.", fmt::join(found.refused, "; "))));
    for (const std::string& trouble : found.trouble)
        findings.faults.push_back(fault("Redis does not take commands.", trouble));
}

void tell_of_eviction(const RedisExamination& found, Findings& findings) {
    if (!found.evicts_streams()) return;
    const std::string when = found.memory_max_bytes == 0 ? "once a maxmemory is set and reached"
                                                         : fmt::format("once maxmemory ({}) is reached",
                                                                       format_bytes(found.memory_max_bytes));
    findings.warnings.push_back(
        fmt::format("maxmemory-policy is {}: {}, Redis throws hints away, and their jobs wait until they are "
                    "rescued. Set it to noeviction.",
                    found.eviction.value_or(""), when));
}

}  // namespace

Milliseconds catalog_skew_max(const Config& config) {
    return std::min({config.worker.lease, config.idempotency_lease, config.quotas.lease}) / 3;
}

Findings words_for(const PostgresExamination& found, const Config& config) {
    Findings findings;
    const std::string version = found.version.substr(0, found.version.find(' '));
    findings.facts.push_back("PostgreSQL " + version);
    if (!found.keeps_sessions) {
        findings.faults.push_back(fault(
            "A pooler stands before PostgreSQL and hands one session to several connections: prepared "
            "statements, settings and LISTEN do not work so. Have it keep sessions (PgBouncer: pool_mode = "
            "session), or name the server itself in SAFELIGHT_CATALOG."));
        return findings;
    }
    findings.facts.push_back(fmt::format("role \"{}\", schema \"{}\"", found.role, found.schema));
    tell_of_rights(found, findings);
    if (found.clock) tell_of_catalog_clock(*found.clock, config, findings);
    tell_of_connections(found, config, findings);
    return findings;
}

Findings words_for(const RedisExamination& found, const RedisQueueConfig& redis) {
    Findings findings;
    findings.facts.push_back(fmt::format("{} {}", found.software, found.version));
    tell_what_stands_in_the_way(found, redis, findings);
    if (!found.refused_upkeep.empty()) {
        findings.warnings.push_back(fmt::format(
            "{} may not give {}: the queue works, and does not tidy up after workers that stop or die; {}.",
            user_of(redis), fmt::join(found.refused_upkeep, "; "), allow_user(redis)));
    }
    tell_of_eviction(found, findings);
    if (!found.eviction) findings.facts.emplace_back("its maxmemory-policy is not known, for lack of +info");
    if (!found.clock) {
        findings.facts.emplace_back("its clock is not known, for lack of +time");
        return findings;
    }
    findings.facts.push_back(clock_fact(*found.clock));
    if (found.clock->exceeds(other_skew_max)) {
        findings.warnings.push_back(
            fmt::format("The clock of Redis' machine is {} this machine's. The queue does not compare them, "
                        "but one of the "
                        "two is wrong; should Redis' be set forward, hints in hand may be delivered twice. "
                        "Set the clocks, "
                        "by NTP.",
                        direction(*found.clock)));
    }
    return findings;
}

void tell_of_store_clock(const ClockSkew& skew, bool is_refused, Findings& findings) {
    findings.facts.push_back(clock_fact(skew));
    if (!skew.exceeds(other_skew_max)) return;
    std::string text = fmt::format(
        "The store's clock is {} this machine's. Stores refuse what was signed more than {} off "
        "(RequestTimeTooSkewed). Set the clocks, by NTP.",
        direction(skew), about(s3_skew_max));
    if (is_refused && skew.exceeds(s3_skew_max)) {
        findings.faults.push_back(fault(std::move(text)));
    } else {
        findings.warnings.push_back(std::move(text));
    }
}

void tell_of_space(const std::filesystem::path& folder, std::uint64_t free_bytes, const Config& config,
                   Findings& findings) {
    const std::uint64_t grain = free_bytes < 10 * GiB ? MiB : GiB;
    const std::string left = format_bytes(free_bytes / grain * grain);
    findings.facts.push_back(left + " free");
    if (free_bytes >= std::max(free_bytes_low, 2 * config.free_space_min_bytes)) return;
    findings.warnings.push_back(
        fmt::format("{} are left at {}. With less than {} (SAFELIGHT_FREE_SPACE_MIN) a server reports that "
                    "it is not ready, and "
                    "what no longer fits is refused. Make room.",
                    left, folder.string(), format_bytes(config.free_space_min_bytes)));
}

}  // namespace safelight::app
