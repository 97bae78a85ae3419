#include "queue/redis/stream.h"

namespace safelight::redis {
namespace {

constexpr std::string_view job_field = "job";

constexpr std::string_view remove_when_empty_handed =
    "if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end "
    "redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) return 1";

/// [id, [name, value, …]]
std::optional<Entry> entry_of(ReplyView reply, Lane lane) {
    if (reply.size() != 2) return std::nullopt;
    Entry entry{.lane = lane, .id = std::string(reply[0].text()), .job_id = std::nullopt};
    if (entry.id.empty()) return std::nullopt;
    const ReplyView fields = reply[1];
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        if (fields[i].text() == job_field) entry.job_id = JobId::parse(fields[i + 1].text());
    }
    return entry;
}

std::optional<Lane> lane_of_stream(const RedisQueueConfig& config, std::string_view stream) {
    for (const Lane lane : all_lanes) {
        if (stream == stream_of(config, lane)) return lane;
    }
    return std::nullopt;
}

}  // namespace

std::string stream_of(const RedisQueueConfig& config, Lane lane) {
    if (lane == Lane::normal) return config.stream;
    return config.stream + ":" + std::string(name_of(lane));
}

Command publish_command(const RedisQueueConfig& config, const WaitingJob& job) {
    return {"XADD",    stream_of(config, job.lane), "MAXLEN", "~", std::to_string(config.hints_max), "*",
            job_field, job.id.to_string()};
}

Command make_group_command(const RedisQueueConfig& config, Lane lane) {
    return {"XGROUP", "CREATE", stream_of(config, lane), config.group, "0", "MKSTREAM"};
}

Command read_command(const RedisQueueConfig& config, std::string_view consumer, Lane lane) {
    return {"XREADGROUP", "GROUP", config.group, consumer, "COUNT", "1", "STREAMS", stream_of(config, lane),
            ">"};
}

Command wait_command(const RedisQueueConfig& config, std::string_view consumer, Milliseconds block) {
    const std::string block_ms = std::to_string(block.count());
    std::vector<std::string_view> words{"XREADGROUP", "GROUP", config.group, consumer, "COUNT",
                                        "1",          "BLOCK", block_ms,     "STREAMS"};
    std::vector<std::string> streams;
    for (const Lane lane : all_lanes) streams.push_back(stream_of(config, lane));
    words.insert(words.end(), streams.begin(), streams.end());
    words.insert(words.end(), streams.size(), ">");
    return Command(words);
}

std::vector<Entry> entries_of_read(const RedisQueueConfig& config, ReplyView reply) {
    // [[stream, [entry]], …]
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < reply.size(); ++i) {
        const auto lane = lane_of_stream(config, reply[i][0].text());
        if (!lane) continue;
        if (auto entry = entry_of(reply[i][1][0], *lane)) entries.push_back(*std::move(entry));
    }
    return entries;
}

Command claim_command(const RedisQueueConfig& config, std::string_view consumer, Lane lane,
                      std::string_view cursor) {
    return {"XAUTOCLAIM",
            stream_of(config, lane),
            config.group,
            consumer,
            std::to_string(config.claim_idle.count()),
            cursor,
            "COUNT",
            "1"};
}

Claimed claimed_of(ReplyView reply, Lane lane) {
    // [cursor, [entry], [ids that were trimmed]]; Redis 6.2 has nil for an entry that was trimmed.
    Claimed claimed{.cursor = std::string(reply[0].text()), .entry = entry_of(reply[1][0], lane)};
    if (claimed.cursor.empty()) claimed.cursor = "0-0";
    return claimed;
}

std::vector<Command> acknowledge_commands(const RedisQueueConfig& config, Lane lane, std::string_view id) {
    const std::string stream = stream_of(config, lane);
    return {{"XDEL", stream, id}, {"XACK", stream, config.group, id}};
}

std::vector<Command> give_back_commands(const RedisQueueConfig& config, const WaitingJob& job,
                                        std::string_view id) {
    const std::string stream = stream_of(config, job.lane);
    return {{"MULTI"},
            publish_command(config, job),
            {"XACK", stream, config.group, id},
            {"XDEL", stream, id},
            {"EXEC"}};
}

std::vector<Command> depth_commands(const RedisQueueConfig& config) {
    std::vector<Command> commands;
    for (const Lane lane : all_lanes) {
        const std::string stream = stream_of(config, lane);
        commands.push_back({"XLEN", stream});
        commands.push_back({"XPENDING", stream, config.group});
    }
    return commands;
}

Command consumers_command(const RedisQueueConfig& config, Lane lane) {
    return {"XINFO", "CONSUMERS", stream_of(config, lane), config.group};
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

Command remove_consumer_command(const RedisQueueConfig& config, Lane lane, std::string_view consumer) {
    return {"EVAL", remove_when_empty_handed, "1", stream_of(config, lane), config.group, consumer};
}

}  // namespace safelight::redis
