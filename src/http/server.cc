#include "http/server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <system_error>
#include <utility>

#include "http/acceptor.h"
#include "http/server_core.h"

namespace safelight::http {
namespace {

constexpr Milliseconds tick_min{5};
constexpr Milliseconds tick_max{250};

/// A deadline may be noticed a quarter late.
Milliseconds tick_for(const ServerConfig& config) {
    const Milliseconds shortest = std::min({config.header_timeout, config.idle_timeout, config.send_timeout,
                                            config.body_rate_grace, config.linger_timeout});
    return std::clamp(shortest / 4, tick_min, tick_max);
}

class HttpServer final : public Server {
  public:
    HttpServer(const ServerConfig& config, const Router& router, ServerHooks hooks, ThreadPool& pool,
               IdGenerator& ids)
        : core_{config, router, std::move(hooks), pool, ids, {}},
          threads_(make_threads(config)),
          acceptor_(std::make_unique<Acceptor>(core_, threads_)) {}
    ~HttpServer() override { drain(); }

    [[nodiscard]] Status start() {
        if (auto listening = acceptor_->listen(); !listening) {
            drained_ = true;
            return listening;
        }
        try {
            for (const auto& thread : threads_) thread->start();
        } catch (const std::system_error& error) {
            drained_ = true;
            for (const auto& thread : threads_) thread->join();
            return failure(ErrorCode::unavailable, "A thread of the server could not be started.",
                           error.what());
        }
        acceptor_->start();
        return {};
    }

    [[nodiscard]] std::uint16_t port() const override { return acceptor_->port(); }
    [[nodiscard]] std::uint32_t open_connections() const override { return core_.connections.value(); }

    bool is_responsive(Milliseconds timeout) override {
        // Shared with the threads, which may get round to it after nobody waits any more.
        const auto answered = std::make_shared<std::counting_semaphore<>>(0);
        for (const auto& thread : threads_)
            boost::asio::post(thread->context(), [answered] { answered->release(); });
        const auto deadline = std::chrono::steady_clock::now() + timeout;
        return std::ranges::all_of(threads_,
                                   [&](const auto&) { return answered->try_acquire_until(deadline); });
    }

    void drain() override {
        const std::lock_guard lock(mutex_);
        if (std::exchange(drained_, true)) return;
        acceptor_->stop();
        for (const auto& thread : threads_) thread->begin_drain();
        if (!core_.connections.wait_for_none(core_.config.drain_timeout)) {
            for (const auto& thread : threads_) thread->cut();
        }
        // What a handler handed to the pool still refers to its coroutine: without sockets, but to the end.
        core_.connections.wait_for_none();
        acceptor_->refusals().wait_for_none();
        for (const auto& thread : threads_) thread->join();
    }

  private:
    static Acceptor::Threads make_threads(const ServerConfig& config) {
        Acceptor::Threads threads;
        for (std::uint32_t i = 0; i < config.io_threads; ++i) {
            threads.push_back(std::make_unique<IoThread>(tick_for(config)));
        }
        return threads;
    }

    ServerCore core_;
    Acceptor::Threads threads_;
    std::unique_ptr<Acceptor> acceptor_;
    std::mutex mutex_;
    bool drained_ = false;  // guarded by mutex_
};

void check(std::vector<Fault>& faults, bool holds, std::string_view name, std::string_view rule) {
    if (!holds) faults.push_back({std::string(name), std::string(name) + " " + std::string(rule)});
}

}  // namespace

Status ServerConfig::validate() const {
    constexpr std::uint32_t io_threads_max = 64;
    constexpr std::uint32_t header_bytes_least = 1'024;
    constexpr std::uint32_t header_bytes_most = 1'048'576;
    std::vector<Fault> faults;
    check(faults, io_threads >= 1 && io_threads <= io_threads_max, "io_threads", "must be between 1 and 64");
    check(faults, connections_max >= 1, "connections_max", "must be at least 1");
    check(faults, header_bytes_max >= header_bytes_least && header_bytes_max <= header_bytes_most,
          "header_bytes_max", "must be between 1024 and 1048576");
    check(faults, header_fields_max >= 1, "header_fields_max", "must be at least 1");
    check(faults, target_bytes_max >= 1 && target_bytes_max <= header_bytes_max, "target_bytes_max",
          "must be at least 1 and at most header_bytes_max");
    check(faults, body_bytes_max >= 1 && body_bytes_max <= INT64_MAX, "body_bytes_max", "must be at least 1");
    check(faults, body_rate_min_bytes_per_s >= 1, "body_rate_min_bytes_per_s", "must be at least 1");
    for (const auto& [name, time] : {std::pair{"header_timeout", header_timeout},
                                     {"idle_timeout", idle_timeout},
                                     {"send_timeout", send_timeout},
                                     {"body_rate_grace", body_rate_grace},
                                     {"linger_timeout", linger_timeout}}) {
        check(faults, time > Milliseconds{0} && time <= std::chrono::hours{24}, name,
              "must be above 0 and at most a day");
    }
    check(faults, drain_timeout >= Milliseconds{0}, "drain_timeout", "must not be negative");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

Result<std::unique_ptr<Server>> start_server(const ServerConfig& config, const Router& router,
                                             ServerHooks hooks, ThreadPool& pool, IdGenerator& ids) {
    TRY(config.validate());
    auto server = std::make_unique<HttpServer>(config, router, std::move(hooks), pool, ids);
    TRY(server->start());
    return server;
}

}  // namespace safelight::http
