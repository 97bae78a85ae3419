// Redis Streams, or Valkey's, with a consumer group as the queue: for workers in several processes and on
// several machines.
#pragma once

#include <memory>

#include "queue/job_queue.h"
#include "queue/redis/redis_config.h"
#include "telemetry/log.h"

namespace safelight {

/// Does not connect before the first call; `config` must be valid, `log` must outlive the queue. The stream
/// and its group are made when they are missing.
///
/// publish, acknowledge, depth and check take at most command_timeout, and fail at once while Redis is away
/// but for one call at a time that tries again. receive takes its timeout and one command_timeout at most;
/// while Redis is away it fails, no more often than the back-off says. A stop wakes it at once.
///
/// A hint that is not acknowledged within claim_idle is delivered again. depth counts what no receiver has.
[[nodiscard]] std::unique_ptr<JobQueue> make_redis_queue(const RedisQueueConfig& config,
                                                         telemetry::Logger& log);

}  // namespace safelight
