// Which of the queue's commands this user may give, found out without any of them being carried out.
#pragma once

#include <string>
#include <vector>

#include "queue/redis/connection.h"
#include "queue/redis/failure.h"
#include "queue/redis/redis_config.h"

namespace safelight::redis {

struct Trials {
    std::vector<std::string> refused;  // see RedisExamination
    std::vector<std::string> refused_upkeep;
    std::vector<std::string> trouble;
};

/// On a new connection, which is closed afterwards: the server looks at rights when a command is queued in a
/// transaction, and forgets the transaction with the connection. Blocks until `deadline`.
[[nodiscard]] Outcome<Trials> try_commands(const RedisQueueConfig& config, TimePoint deadline);

}  // namespace safelight::redis
