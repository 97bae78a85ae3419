// A small HTTP server between a client and a real one: it passes requests on, or fails them as a test plans
// it.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"

namespace safelight::s3 {

struct SeenRequest {
    std::size_t number = 0;  // the first one is 0
    std::string method;
    std::string target;
    std::string head;  // the request line and the headers
    std::string body;

    [[nodiscard]] bool is(std::string_view wanted_method, std::string_view in_target = {}) const {
        return method == wanted_method && target.contains(in_target);
    }
};

/// What to do with a request. The connection is closed after it, unless it stays open.
struct Treatment {
    bool is_passed = false;                     // to the real server, whose answer is passed back
    std::string without = {};                   // ... without the header of that name, in lower case
    bool is_answer_lost = false;                // ... but the answer is not
    bool hangs = false;                         // no more than `answer`, until the client goes away
    bool stays_open = false;                    // for the next request
    std::string answer = {};                    // bytes to send; none: the connection is closed
    std::size_t bytes_max = std::string::npos;  // of the answer; the rest is cut off
};

[[nodiscard]] inline Treatment pass() {
    return {.is_passed = true};
}
[[nodiscard]] inline Treatment lose_answer() {
    return {.is_passed = true, .is_answer_lost = true};
}
[[nodiscard]] inline Treatment hang() {
    return {.hangs = true};
}
[[nodiscard]] inline Treatment close_connection() {
    return {};
}
/// "503 Slow Down", with headers ("Name: value\r\n" each) and a body.
[[nodiscard]] Treatment answer(const std::string& status, const std::string& body = {},
                               const std::string& headers = {});
/// An answer with S3's XML for that code.
[[nodiscard]] Treatment refuse(const std::string& status, const std::string& s3_code);

/// Passes on as a store would that heeds `If-None-Match: *` of a PUT, which the tests' own server does not
/// know.
class ConditionalPlan {
  public:
    Treatment operator()(const SeenRequest& request);

  private:
    std::set<std::string, std::less<>> objects_;
};

class FaultServer {
  public:
    using Plan = std::function<Treatment(const SeenRequest&)>;

    /// `upstream_port` on 127.0.0.1 is the real server; 0 when nothing is passed on. One request at a time is
    /// given to `plan`.
    FaultServer(int upstream_port, Plan plan);
    ~FaultServer();
    FaultServer(const FaultServer&) = delete;
    FaultServer& operator=(const FaultServer&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    /// What has come so far.
    [[nodiscard]] std::vector<SeenRequest> requests() const;
    [[nodiscard]] std::size_t connections() const { return connections_; }
    [[nodiscard]] std::size_t count(std::string_view method, std::string_view in_target = {}) const;

  private:
    void accept_all(const std::stop_token& stop);
    void serve(const std::stop_token& stop, const Descriptor& connection);
    /// Whether the connection stays open.
    [[nodiscard]] bool serve_one(const std::stop_token& stop, int connection);
    [[nodiscard]] std::string upstream_answer(const SeenRequest& request, const std::string& without) const;

    const int upstream_port_;
    const Plan plan_;
    int port_ = 0;  // before the listener, which sets it
    Descriptor listener_;
    std::atomic<std::size_t> connections_ = 0;
    mutable std::mutex mutex_;
    std::vector<SeenRequest> requests_;  // guarded by mutex_
    std::vector<std::jthread> threads_;  // of the accepting thread alone
    std::jthread acceptor_;
};

}  // namespace safelight::s3
