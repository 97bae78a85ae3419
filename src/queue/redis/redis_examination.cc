#include "queue/redis/redis_examination.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "queue/redis/connection.h"
#include "queue/redis/failure.h"
#include "queue/redis/trials.h"

namespace safelight {
namespace redis {
namespace {

constexpr int clock_questions = 3;

/// The first that has XAUTOCLAIM, which is the youngest of the commands that the queue gives. Valkey began
/// later.
constexpr std::array<int, 2> oldest_version{6, 2};

std::array<int, 2> numbers_of(std::string_view version) {
    std::array<int, 2> numbers{};
    const char* at = version.data();
    const char* const end = at + version.size();
    for (int& number : numbers) {
        at = std::from_chars(at, end, number).ptr;
        if (at != end) ++at;  // the dot
    }
    return numbers;
}

/// HELLO is for everybody, whatever his rights; older servers do not know it.
Outcome<void> look_at_server(Connection& connection, TimePoint deadline, RedisExamination& found) {
    TRY_ASSIGN(const Reply reply, connection.run(Command{"HELLO"}, deadline));
    const ReplyView server = reply.view();
    const bool is_valkey = value_of(server, "server").text() == "valkey";
    found.software = is_valkey ? "Valkey" : "Redis";
    found.version = value_of(server, "version").text();
    if (found.version.empty())
        return failed(Trouble::nonsense, "what answers does not say which Redis it is");
    found.is_too_old = !is_valkey && numbers_of(found.version) < oldest_version;
    found.is_replica = value_of(server, "role").text() == "replica";
    found.is_in_cluster = value_of(server, "mode").text() == "cluster";
    return {};
}

/// "name:value" lines.
std::string_view value_in(std::string_view info, std::string_view name) {
    while (!info.empty()) {
        const std::string_view line = info.substr(0, info.find('\n'));
        info.remove_prefix(std::min(line.size() + 1, info.size()));
        if (!line.starts_with(name) || line.substr(name.size()).substr(0, 1) != ":") continue;
        const std::string_view value = line.substr(name.size() + 1);
        return value.substr(0, value.find('\r'));
    }
    return {};
}

/// A question that a user of few rights may not ask has no answer.
Outcome<std::optional<Reply>> ask(Connection& connection, const Command& question, TimePoint deadline) {
    auto reply = connection.run(question, deadline);
    if (reply) return std::move(*reply);
    if (reply.error().trouble == Trouble::not_permitted) return std::nullopt;
    return std::unexpected(std::move(reply).error());
}

Outcome<void> look_at_memory(Connection& connection, TimePoint deadline, RedisExamination& found) {
    TRY_ASSIGN(const auto reply, ask(connection, Command{"INFO", "memory"}, deadline));
    if (!reply) return {};
    const std::string_view info = reply->view().text();
    const std::string_view memory_max = value_in(info, "maxmemory");
    std::from_chars(memory_max.data(), memory_max.data() + memory_max.size(), found.memory_max_bytes);
    if (const auto policy = value_in(info, "maxmemory_policy"); !policy.empty()) found.eviction = policy;
    return {};
}

/// [seconds, microseconds], as texts.
std::optional<Timestamp> time_of(ReplyView reply) {
    std::array<std::int64_t, 2> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string_view text = reply[i].text();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts[i]);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    }
    return Timestamp{Milliseconds{parts[0] * 1'000 + parts[1] / 1'000}};
}

Outcome<void> look_at_clock(Connection& connection, TimePoint deadline, const Clock& clock,
                            RedisExamination& found) {
    std::vector<ClockReading> readings;
    for (int i = 0; i < clock_questions; ++i) {
        const Timestamp asked_at = clock.now();
        TRY_ASSIGN(const auto reply, ask(connection, Command{"TIME"}, deadline));
        const Timestamp answered_at = clock.now();
        if (!reply) return {};
        const auto theirs = time_of(reply->view());
        if (!theirs) return failed(Trouble::nonsense, "what answers does not tell the time as Redis does");
        readings.push_back({.asked_at = asked_at, .theirs = *theirs, .answered_at = answered_at});
    }
    found.clock = skew_of(readings);
    return {};
}

TimePoint deadline_from_now(const RedisQueueConfig& config) {
    return SteadyClock::now() + config.command_timeout;
}

Outcome<RedisExamination> examine(const RedisQueueConfig& config, const Clock& clock) {
    RedisExamination found;
    const TimePoint deadline = deadline_from_now(config);
    TRY_ASSIGN(const auto connection, Connection::open(config, "safelight-doctor", deadline));
    TRY(look_at_server(*connection, deadline, found));
    TRY(look_at_memory(*connection, deadline, found));
    TRY(look_at_clock(*connection, deadline, clock, found));
    // What these would say follows from what is known already.
    if (found.is_too_old || found.is_replica || found.is_in_cluster) return found;
    TRY_ASSIGN(Trials trials, try_commands(config, deadline_from_now(config)));
    found.refused = std::move(trials.refused);
    found.refused_upkeep = std::move(trials.refused_upkeep);
    found.trouble = std::move(trials.trouble);
    return found;
}

}  // namespace
}  // namespace redis

Result<RedisExamination> examine_redis(const RedisQueueConfig& config, const Clock& clock) {
    auto found = redis::examine(config, clock);
    if (!found) return std::unexpected(to_error(std::move(found).error()));
    return std::move(*found);
}

}  // namespace safelight
