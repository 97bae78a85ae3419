// A server for the tests of the load client: one thread for each connection, answers by a function of the
// test.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace safelight::bench {

struct FakeRequest {
    std::string head;
    std::string body;  // empty while early answers are asked for
};

class FakeServer {
  public:
    /// The bytes to answer with; empty: the connection is closed. Called by many threads.
    using Answer = std::function<std::string(const FakeRequest&)>;

    /// `early` is asked before the body is read; what it returns (if anything) is the answer, and the
    /// connection closes.
    explicit FakeServer(Answer answer, Answer early = nullptr);
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    [[nodiscard]] std::string url(const std::string& target) const;
    [[nodiscard]] std::size_t connections() const { return connections_; }

  private:
    void accept_all();
    void serve(int connection);

    Answer answer_;
    Answer early_;
    int listener_;
    std::uint16_t port_ = 0;
    std::atomic<std::size_t> connections_ = 0;
    std::mutex mutex_;
    std::vector<int> open_;             // guarded by mutex_
    std::vector<std::thread> serving_;  // guarded by mutex_
    std::thread accepting_;
};

[[nodiscard]] std::string answer_with(int status, const std::string& body);

}  // namespace safelight::bench
