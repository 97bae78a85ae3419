// Uploads in a closed loop: each client sends its next picture as soon as its last one was answered. One
// thread serves all clients, so that the load takes as little as possible from the server on a small machine.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/load/connection.h"
#include "bench/load/upload_request.h"

namespace safelight::bench {

using Clock = std::chrono::steady_clock;

struct UploadOutcome {
    Clock::time_point started_at;
    Clock::time_point ended_at;
    std::vector<double> latencies_ms;  // of every answer, whatever its status
    std::vector<std::string> replies;  // the bodies of the 2xx answers, oldest first
    std::size_t errors = 0;
    std::string first_error;
    std::size_t held = 0;  // uploads that were in flight at once, half sent, when all were let go
};

struct HoldPlan {
    std::chrono::seconds timeout;             // after it all are let go, whoever is missing
    std::function<void()> when_all_are_held;  // e.g. to look at the server's memory
};

class Uploader {
  public:
    /// Both references must outlive it. Connections are opened at the first upload of each client, and kept.
    Uploader(const Url& url, UploadRequest& request, std::size_t clients, std::chrono::seconds timeout);
    ~Uploader();

    /// Uploads `count` pictures. Errors: timeout (no progress at all for the time given).
    [[nodiscard]] Result<UploadOutcome> run(std::size_t count);
    /// Every client uploads one picture, but sends only half of it until all the others have come as far.
    [[nodiscard]] Result<UploadOutcome> run_held(const HoldPlan& plan);

  private:
    struct Client;

    void start_next(Client& client, std::size_t send_limit_bytes);
    void advance(Client& client);
    void watch(Client& client, Connection::Progress progress);
    void finish(Client& client, Connection::Progress progress);
    void fail(std::string why);
    [[nodiscard]] Status serve_until(const std::function<bool()>& is_done, std::chrono::seconds timeout);
    [[nodiscard]] bool is_idle() const { return active_ == 0; }
    [[nodiscard]] bool are_all_held() const;

    const Url& url_;
    UploadRequest& request_;
    std::chrono::seconds timeout_;
    int epoll_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::size_t waiting_ = 0;  // uploads that have not been started
    std::size_t active_ = 0;
    UploadOutcome outcome_;
};

}  // namespace safelight::bench
