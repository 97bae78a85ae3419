#include "queue/redis/stream.h"

namespace safelight::redis {
namespace {

constexpr std::string_view job_field = "job";

constexpr std::string_view remove_when_empty_handed =
    "if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end "
    "redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) return 1";

/// [id, [name, value, …]]
std::optional<Entry> entry_of(ReplyView reply) {
    if (reply.size() != 2) return std::nullopt;
    Entry entry{.id = std::string(reply[0].text()), .job_id = std::nullopt};
    if (entry.id.empty()) return std::nullopt;
    const ReplyView fields = reply[1];
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        if (fields[i].text() == job_field) entry.job_id = JobId::parse(fields[i + 1].text());
    }
    return entry;
}

/// [name, value, name, value, …], as Redis describes a consumer.
ReplyView value_of(ReplyView pairs, std::string_view name) {
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
        if (pairs[i].text() == name) return pairs[i + 1];
    }
    return ReplyView(nullptr);
}

}  // namespace

Command publish_command(const RedisQueueConfig& config, JobId job_id) {
    return {"XADD", config.stream, "MAXLEN",          "~", std::to_string(config.hints_max),
            "*",    job_field,     job_id.to_string()};
}

Command make_group_command(const RedisQueueConfig& config) {
    return {"XGROUP", "CREATE", config.stream, config.group, "0", "MKSTREAM"};
}

Command read_command(const RedisQueueConfig& config, std::string_view consumer, Milliseconds block) {
    // BLOCK 0 would wait for ever.
    if (block <= Milliseconds::zero())
        return {"XREADGROUP", "GROUP", config.group, consumer, "COUNT", "1", "STREAMS", config.stream, ">"};
    return {"XREADGROUP", "GROUP",       config.group, consumer,
            "COUNT",      "1",           "BLOCK",      std::to_string(block.count()),
            "STREAMS",    config.stream, ">"};
}

std::optional<Entry> entry_of_read(ReplyView reply) {
    // [[stream, [entry]]]
    return entry_of(reply[0][1][0]);
}

Command claim_command(const RedisQueueConfig& config, std::string_view consumer, std::string_view cursor) {
    return {"XAUTOCLAIM", config.stream, config.group, consumer, std::to_string(config.claim_idle.count()),
            cursor,       "COUNT",       "1"};
}

Claimed claimed_of(ReplyView reply) {
    // [cursor, [entry], [ids that were trimmed]]; Redis 6.2 has nil for an entry that was trimmed.
    Claimed claimed{.cursor = std::string(reply[0].text()), .entry = entry_of(reply[1][0])};
    if (claimed.cursor.empty()) claimed.cursor = "0-0";
    return claimed;
}

std::vector<Command> acknowledge_commands(const RedisQueueConfig& config, std::string_view id) {
    return {{"XDEL", config.stream, id}, {"XACK", config.stream, config.group, id}};
}

std::vector<Command> give_back_commands(const RedisQueueConfig& config, std::string_view id, JobId job_id) {
    return {{"MULTI"},
            publish_command(config, job_id),
            {"XACK", config.stream, config.group, id},
            {"XDEL", config.stream, id},
            {"EXEC"}};
}

std::vector<Command> depth_commands(const RedisQueueConfig& config) {
    return {{"XLEN", config.stream}, {"XPENDING", config.stream, config.group}};
}

Command consumers_command(const RedisQueueConfig& config) {
    return {"XINFO", "CONSUMERS", config.stream, config.group};
}

std::vector<std::string> dead_consumers_of(ReplyView reply, Milliseconds consumer_idle) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < reply.size(); ++i) {
        const std::string_view name = value_of(reply[i], "name").text();
        const auto pending = value_of(reply[i], "pending").integer();
        const auto idle_ms = value_of(reply[i], "idle").integer();
        if (!name.empty() && pending == 0 && idle_ms && *idle_ms >= consumer_idle.count())
            names.emplace_back(name);
    }
    return names;
}

Command remove_consumer_command(const RedisQueueConfig& config, std::string_view consumer) {
    return {"EVAL", remove_when_empty_handed, "1", config.stream, config.group, consumer};
}

}  // namespace safelight::redis
