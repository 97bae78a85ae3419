// One connection to Redis: commands out, replies in, every wait with an end. hiredis connects and parses; the
// waiting is done here, since hiredis' own timeout starts anew with each piece that comes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "queue/redis/failure.h"
#include "queue/redis/gate.h"
#include "queue/redis/redis_config.h"
#include "queue/redis/reply.h"

struct redisContext;

namespace safelight::redis {

/// A command's name and arguments, in the form that goes over the wire.
class Command {
  public:
    Command(std::initializer_list<std::string_view> words)
        : Command(std::span(words.begin(), words.size())) {}
    explicit Command(std::span<const std::string_view> words);
    [[nodiscard]] const std::string& wire() const { return wire_; }

  private:
    std::string wire_;
};

/// One thread at a time. After a failure, and after an error reply that ends_connection, it is not usable.
class Connection {
  public:
    /// Connects, logs in, chooses the database, and gives the connection its name. Blocks until `deadline`;
    /// resolving the host's name may take longer.
    [[nodiscard]] static Outcome<std::unique_ptr<Connection>> open(const RedisQueueConfig& config,
                                                                   const std::string& name,
                                                                   TimePoint deadline);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// All commands at once, then all replies, in order. An error reply is a reply.
    [[nodiscard]] Outcome<std::vector<Reply>> run(std::span<const Command> commands, TimePoint deadline);
    /// One command. An error reply is a failure.
    [[nodiscard]] Outcome<Reply> run(const Command& command, TimePoint deadline);

    /// The two halves of `run`, for a command that takes its time.
    [[nodiscard]] Outcome<void> send(std::string_view wire, TimePoint deadline);
    /// Empty when `wake_descriptor` became readable first. An error reply is a reply.
    [[nodiscard]] Outcome<std::optional<Reply>> receive(TimePoint deadline, int wake_descriptor = -1);

    /// False as well when there is something to read that nobody asked for, such as the connection's end.
    [[nodiscard]] bool is_usable() const;
    /// The server's number for this connection; 0 when it did not tell.
    [[nodiscard]] std::int64_t client_id() const { return client_id_; }

  private:
    struct FreeContext {
        void operator()(redisContext* context) const;
    };
    enum class Readiness { ready, woken, timed_out };

    explicit Connection(redisContext* context) : context_(context) {}

    [[nodiscard]] Outcome<void> log_in(const RedisQueueConfig& config, const std::string& name,
                                       TimePoint deadline);
    [[nodiscard]] Outcome<Readiness> wait(short events, TimePoint deadline, int wake_descriptor);
    [[nodiscard]] Outcome<std::optional<Reply>> parse();
    [[nodiscard]] Outcome<void> feed();
    /// Makes the connection unusable.
    [[nodiscard]] std::unexpected<Failure> broken(Trouble trouble, std::string log_text);

    std::unique_ptr<redisContext, FreeContext> context_;
    std::int64_t client_id_ = 0;
    bool usable_ = true;
};

}  // namespace safelight::redis
