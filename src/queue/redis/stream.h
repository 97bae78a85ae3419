// The commands of the streams, one for each lane, and what their answers mean: text only, no connection.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/lane.h"
#include "queue/redis/connection.h"
#include "queue/redis/redis_config.h"
#include "queue/redis/reply.h"

namespace safelight::redis {

/// The key of a lane's stream: the configured one for `normal`, with the lane's name behind it for the
/// others.
[[nodiscard]] std::string stream_of(const RedisQueueConfig& config, Lane lane);

/// An entry of a stream.
struct Entry {
    Lane lane = Lane::normal;
    std::string id;               // Redis' own: "1700000000000-0"
    std::optional<JobId> job_id;  // empty: not an entry of ours
};

[[nodiscard]] Command publish_command(const RedisQueueConfig& config, const WaitingJob& job);

/// Makes the group, and the stream with it; it starts with what is in the stream already.
[[nodiscard]] Command make_group_command(const RedisQueueConfig& config, Lane lane);

/// One entry of the lane that nobody has; does not wait.
[[nodiscard]] Command read_command(const RedisQueueConfig& config, std::string_view consumer, Lane lane);
/// Waits up to `block`, above zero, for an entry of any lane. There may be one of several at once.
[[nodiscard]] Command wait_command(const RedisQueueConfig& config, std::string_view consumer,
                                   Milliseconds block);
/// Of either command.
[[nodiscard]] std::vector<Entry> entries_of_read(const RedisQueueConfig& config, ReplyView reply);

/// Takes over one entry that somebody else has held for claim_idle; looks from `cursor` on.
[[nodiscard]] Command claim_command(const RedisQueueConfig& config, std::string_view consumer, Lane lane,
                                    std::string_view cursor);
struct Claimed {
    std::string cursor;  // where to go on; "0-0": all was looked at
    std::optional<Entry> entry;
};
[[nodiscard]] Claimed claimed_of(ReplyView reply, Lane lane);

/// Removed first, for the server may die in between: an entry that is in hand and gone is tidied up by
/// whoever would take it over, one that is nobody's would stay. No transaction: a Redis without memory takes
/// none.
[[nodiscard]] std::vector<Command> acknowledge_commands(const RedisQueueConfig& config, Lane lane,
                                                        std::string_view id);
/// Back to the end of the stream, for whoever comes. In one transaction: it stays in hand when it cannot be
/// added.
[[nodiscard]] std::vector<Command> give_back_commands(const RedisQueueConfig& config, const WaitingJob& job,
                                                      std::string_view id);

/// Length and what is in hand, of one lane after the other.
[[nodiscard]] std::vector<Command> depth_commands(const RedisQueueConfig& config);

[[nodiscard]] Command consumers_command(const RedisQueueConfig& config, Lane lane);
/// The names of those that hold nothing and were not seen for consumer_idle.
[[nodiscard]] std::vector<std::string> dead_consumers_of(ReplyView reply, Milliseconds consumer_idle);
/// Checks once more that it holds nothing, and removes it, in one step: DELCONSUMER drops what it holds.
[[nodiscard]] Command remove_consumer_command(const RedisQueueConfig& config, Lane lane,
                                              std::string_view consumer);

}  // namespace safelight::redis
