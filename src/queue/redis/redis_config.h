// Where the Redis is, and how the queue behaves there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace safelight {

struct RedisQueueConfig {
    std::string host = "127.0.0.1";  // a name or an address, IPv6 without brackets
    std::uint16_t port = 6379;
    std::string user{};      // empty: Redis' default user
    std::string password{};  // empty: none; never in logs or texts
    std::uint32_t database = 0;

    std::string stream = "safelight:jobs";  // the key, and how the keys of the other lanes begin
    std::string group = "safelight";        // the consumer group; all workers of one service share it
    std::uint64_t hints_max =
        100'000;  // of a lane, roughly; past it the oldest are dropped, and rescued later

    Milliseconds connect_timeout{500};    // one TCP connection; resolving a name comes on top
    Milliseconds command_timeout{1'000};  // one call, with its connection
    Milliseconds block_max{5'000};  // one wait at the server: a silent one is noticed a command_timeout later
    Milliseconds claim_idle{300'000};     // a hint in hand for so long is given to another receiver
    Milliseconds claim_interval{10'000};  // how often such hints are looked for, by each process
    Milliseconds consumer_idle{
        3'600'000};                   // a consumer that holds nothing and was not seen for so long is removed
    Milliseconds backoff_min{100};    // after the first failure to reach Redis
    Milliseconds backoff_max{5'000};  // doubling up to this; about half of it is random

    /// Errors: invalid_argument, with a fault for each field.
    [[nodiscard]] Status validate() const;

    /// "redis://worker@127.0.0.1:6379/0?stream=safelight:jobs": for logs, without the password.
    [[nodiscard]] std::string shown() const;
};

/// redis://[[user]:password@]host[:port][/database][?stream=…&group=…]. User and password are
/// percent-decoded. What is not named has its default. Errors: invalid_argument; no text repeats the URL,
/// which may hold a password.
[[nodiscard]] Result<RedisQueueConfig> parse_redis_url(std::string_view url);

}  // namespace safelight
