// A server for tests, with what a test wants to know of it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/thread_pool.h"
#include "http/server.h"

namespace safelight::http::testing {

/// An Exchange that outlives the call.
struct FinishedExchange {
    std::string method, path, route, request_id, trace_id, error;
    int status = 0;
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    bool aborted = false;
};

/// Add routes, then start.
class TestServer {
  public:
    TestServer() { config.port = 0; }

    ServerConfig config;
    Router router;
    ThreadPool pool{"test-pool", 2, 64};

    void start() {
        ServerHooks hooks;
        hooks.finished = [this](const Exchange& exchange) { record(exchange); };
        start(std::move(hooks));
    }
    void start(ServerHooks hooks) {
        auto started = start_server(config, router, std::move(hooks), pool, ids_);
        if (!started) throw std::runtime_error(started.error().public_text);
        server_ = std::move(*started);
    }
    [[nodiscard]] Server& server() { return *server_; }
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }

    /// Waits until `count` exchanges have finished, and returns all so far.
    [[nodiscard]] std::vector<FinishedExchange> wait_for_exchanges(std::size_t count) {
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [&] { return exchanges_.size() >= count; });
        return exchanges_;
    }

  private:
    void record(const Exchange& exchange) {
        const std::lock_guard lock(mutex_);
        exchanges_.push_back({std::string(exchange.method), std::string(exchange.path),
                              std::string(exchange.route), std::string(exchange.request_id),
                              std::string(exchange.trace_id), std::string(exchange.error), exchange.status,
                              exchange.request_body_bytes, exchange.response_body_bytes, exchange.aborted});
        finished_.notify_all();
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    std::mutex mutex_;
    std::condition_variable finished_;
    std::vector<FinishedExchange> exchanges_;  // guarded by mutex_
    std::unique_ptr<Server> server_;           // last: it ends before what it uses
};

}  // namespace safelight::http::testing
