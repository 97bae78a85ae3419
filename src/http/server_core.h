// What all connections of a server share.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "http/io_thread.h"
#include "http/server.h"

namespace safelight::http {

/// Any thread.
class ConnectionCount {
  public:
    void add() { ++count_; }
    void remove() {
        const std::lock_guard lock(mutex_);
        if (--count_ == 0) none_.notify_all();
    }
    [[nodiscard]] std::uint32_t value() const { return count_; }
    void wait_for_none() {
        std::unique_lock lock(mutex_);
        none_.wait(lock, [this] { return count_ == 0; });
    }
    /// False when some are left after `time`.
    [[nodiscard]] bool wait_for_none(Milliseconds time) {
        std::unique_lock lock(mutex_);
        return none_.wait_for(lock, time, [this] { return count_ == 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable none_;
    std::atomic<std::uint32_t> count_ = 0;
};

struct ServerCore {
    const ServerConfig config;
    const Router& router;
    const ServerHooks hooks;
    ThreadPool& pool;
    IdGenerator& ids;
    ConnectionCount connections;
};

/// Serves a connection to its end, on `thread`, whose context the socket belongs to.
[[nodiscard]] Task<void> serve_connection(ServerCore& core, IoThread& thread,
                                          boost::asio::ip::tcp::socket socket);

/// Answers that there are too many connections, and closes. Waits for the client when `patient`.
[[nodiscard]] Task<void> refuse_connection(ServerCore& core, IoThread& thread,
                                           boost::asio::ip::tcp::socket socket, bool patient);

}  // namespace safelight::http
