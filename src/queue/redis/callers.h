// Short commands from any number of threads: idle connections are kept and shared, and a Redis that is away
// is left alone.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "queue/redis/connection.h"
#include "queue/redis/failure.h"
#include "queue/redis/gate.h"
#include "queue/redis/redis_config.h"
#include "telemetry/log.h"

namespace safelight::redis {

/// Whether Redis answers, as the whole queue sees it; says so in the log when that changes.
class Link {
  public:
    Link(const RedisQueueConfig& config, telemetry::Logger& log);

    [[nodiscard]] Gate& gate() { return gate_; }
    /// For receivers: closed after a refusal as well, so that they do not ask again and again. Publishing may
    /// go on meanwhile, and the other way round: a full Redis takes no hints, but gives them.
    [[nodiscard]] Gate& reading_gate() { return reading_gate_; }
    void answered();
    /// Closes the gate when `failure` is an outage; otherwise Redis did answer.
    void failed(std::uint64_t pass, const Failure& failure);
    /// For a call that was not let in.
    [[nodiscard]] Failure away() const;

  private:
    telemetry::Logger& log_;
    const std::string address_;
    Gate gate_;
    Gate reading_gate_;
};

/// Any thread may call.
class Callers {
  public:
    /// All must outlive this object. `name` is that of each connection.
    Callers(const RedisQueueConfig& config, std::string name, Link& link)
        : config_(config), name_(std::move(name)), link_(link) {}

    /// The replies, error replies among them. At most command_timeout; at once while Redis is away. When a
    /// connection breaks the commands are sent again over a new one: they must be such as may be repeated.
    [[nodiscard]] Outcome<std::vector<Reply>> run(std::span<const Command> commands);
    /// The same for commands whose replies do not matter; the first error reply, also one within a
    /// transaction, is a failure.
    [[nodiscard]] Outcome<void> run_all(std::span<const Command> commands);
    /// One command, whose error reply is a failure.
    [[nodiscard]] Outcome<Reply> run(const Command& command);

  private:
    [[nodiscard]] Outcome<std::vector<Reply>> try_run(std::span<const Command> commands);
    [[nodiscard]] std::unique_ptr<Connection> take_idle();
    void keep(std::unique_ptr<Connection> connection);
    void drop_idle();

    const RedisQueueConfig& config_;
    const std::string name_;
    Link& link_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
};

}  // namespace safelight::redis
