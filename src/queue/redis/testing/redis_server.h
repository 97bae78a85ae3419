// For tests: Redis servers, the shared one and some that a test may kill, and what an operator would say to
// them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/temporary_folder.h"
#include "queue/job_queue.h"
#include "queue/redis/connection.h"
#include "queue/redis/redis_config.h"
#include "telemetry/log.h"

namespace safelight::redis {

/// The server that SAFELIGHT_TEST_REDIS names, with a stream of this call's own. Throws when the variable is
/// missing.
[[nodiscard]] RedisQueueConfig shared_server();

/// A redis-server on a free port of loopback, in a folder of its own, without persistence. Throws when it
/// does not come up.
class RedisServer {
  public:
    explicit RedisServer(std::vector<std::string> options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    /// As it is after its start; short times, so that outages are noticed within a test's patience.
    [[nodiscard]] RedisQueueConfig config() const;
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

    void kill();   // SIGKILL; its connections break
    void start();  // again, at the same port, empty
    /// The same without waiting until it answers as usual: it may be loading.
    void start_with(const std::vector<std::string>& options);
    void pause();   // SIGSTOP: connections are taken, nothing is answered
    void resume();  // SIGCONT

  private:
    void spawn(const std::vector<std::string>& options);
    [[nodiscard]] bool comes_up() const;

    TemporaryFolder folder_;
    std::vector<std::string> options_;
    std::uint16_t port_ = 0;
    pid_t process_ = -1;
};

/// One command over a connection of its own; throws when there is no answer. An error reply is a reply.
Reply say(const RedisQueueConfig& server, std::initializer_list<std::string_view> words);
/// The same; throws unless Redis is content with it.
Reply command(const RedisQueueConfig& server, std::initializer_list<std::string_view> words);

/// Asks again and again until it holds, for ten seconds at most; the result is whether it does.
[[nodiscard]] bool eventually(const std::function<bool()>& holds);

/// How many clients wait at the server for something to come.
[[nodiscard]] int blocked_clients(const RedisQueueConfig& server);
/// The streams of all lanes are gone.
void remove_streams(const RedisQueueConfig& server);
/// Entries that some consumer of the group has in hand.
[[nodiscard]] std::int64_t in_hand(const RedisQueueConfig& server);

/// Keeps what was said.
class RecordingLogger final : public telemetry::Logger {
  public:
    void log(telemetry::Level level, std::string_view event,
             std::initializer_list<telemetry::Field> fields) override;
    [[nodiscard]] std::string text() const;

  private:
    mutable std::mutex mutex_;
    std::string text_;  // guarded by mutex_
};

}  // namespace safelight::redis
