// Bodies without end: what goes over the wire, and how they end.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "http/testing/raw_client.h"
#include "http/testing/test_server.h"

namespace safelight::http {
namespace {

using testing::RawClient;
using testing::TestServer;

/// Counts to `last`; then it ends, waits for the drain, or throws.
class Counting final : public LiveSource {
  public:
    enum class Ending { end, wait, fail };
    Counting(int last, std::string word, Ending ending, std::atomic<int>& asked, std::atomic<int>& alive)
        : last_(last), word_(std::move(word)), ending_(ending), asked_(asked), alive_(alive) {
        ++alive_;
    }
    ~Counting() override {
        --alive_;
        alive_.notify_all();
    }

    Task<std::string> next() override {
        ++asked_;
        if (++number_ <= last_) co_return word_ + std::to_string(number_) + "\n";
        if (ending_ == Ending::fail) throw std::runtime_error("a bug");
        if (ending_ == Ending::wait) {
            Event never;
            while (!co_await is_draining()) static_cast<void>(co_await never.wait(Milliseconds{60'000}));
        }
        co_return "";
    }

  private:
    const int last_;
    const std::string word_;
    const Ending ending_;
    std::atomic<int>& asked_;
    std::atomic<int>& alive_;
    int number_ = 0;
};

class LiveBodyTest : public ::testing::Test {
  protected:
    void serve(int last, const std::string& word, Counting::Ending ending) {
        host_.router.add("GET", "/live",
                         [=, this](Request& request) { return answer(request, *this, last, word, ending); });
        host_.start();
    }
    static Task<Response> answer(Request&, LiveBodyTest& test, int last, std::string word,
                                 Counting::Ending ending) {
        Response response;
        response.headers.set("Content-Type", "text/event-stream");
        response.body =
            LiveBody{std::make_unique<Counting>(last, std::move(word), ending, test.asked_, test.alive_)};
        co_return response;
    }
    static std::string get(std::string_view version = "HTTP/1.1", std::string_view method = "GET") {
        return std::string(method) + " /live " + std::string(version) + "\r\nHost: a\r\n\r\n";
    }

    /// An exchange is reported a moment before its response goes.
    void wait_until_gone() {
        for (int alive = alive_; alive != 0; alive = alive_) alive_.wait(alive);
    }

    std::atomic<int> asked_ = 0;
    std::atomic<int> alive_ = 0;
    TestServer host_;
};

TEST_F(LiveBodyTest, GoesInChunksAndThenTheConnectionCloses) {
    serve(2, "n", Counting::Ending::end);
    RawClient peer(host_.port());
    peer.send(get());
    const std::string all = peer.read_to_end();
    EXPECT_NE(all.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << all;
    EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(all.find("Content-Length"), std::string::npos);
    EXPECT_TRUE(all.ends_with("\r\n\r\n3\r\nn1\n\r\n3\r\nn2\n\r\n0\r\n\r\n")) << all;
    EXPECT_EQ(host_.wait_for_exchanges(1)[0].response_body_bytes, 6U);
    EXPECT_FALSE(host_.wait_for_exchanges(1)[0].aborted);
}

TEST_F(LiveBodyTest, GoesAsItIsToOlderClients) {
    serve(2, "n", Counting::Ending::end);
    RawClient peer(host_.port());
    peer.send(get("HTTP/1.0"));
    EXPECT_TRUE(peer.read_to_end().ends_with("\r\n\r\nn1\nn2\n"));
}

TEST_F(LiveBodyTest, IsNotAskedForAHead) {
    serve(2, "n", Counting::Ending::end);
    RawClient peer(host_.port());
    peer.send(get("HTTP/1.1", "HEAD"));
    EXPECT_TRUE(peer.read_to_end().ends_with("\r\n\r\n"));
    EXPECT_EQ(asked_, 0);
    EXPECT_EQ(alive_, 0);
}

TEST_F(LiveBodyTest, WhatIsSaidArrivesBeforeTheEnd) {
    serve(1, "n", Counting::Ending::wait);
    RawClient peer(host_.port());
    peer.send(get());
    EXPECT_EQ(peer.read_response().status, 200);
    EXPECT_TRUE(peer.has_answer(20'000));
    EXPECT_EQ(alive_, 1);
}

TEST_F(LiveBodyTest, TheDrainEndsItAtOnceAndWell) {
    serve(1, "n", Counting::Ending::wait);
    RawClient peer(host_.port());
    peer.send(get());
    EXPECT_TRUE(peer.has_answer(20'000));
    const auto before = std::chrono::steady_clock::now();
    host_.server().drain();
    EXPECT_LT(std::chrono::steady_clock::now() - before, Milliseconds{5'000}) << "far from drain_timeout";
    EXPECT_TRUE(peer.read_to_end().ends_with("0\r\n\r\n"));
    EXPECT_EQ(alive_, 0);
}

TEST_F(LiveBodyTest, OneThatBreaksOffIsNeverACompleteBody) {
    serve(1, "n", Counting::Ending::fail);
    RawClient peer(host_.port());
    peer.send(get());
    EXPECT_FALSE(peer.read_to_end().ends_with("0\r\n\r\n"));
    const auto exchange = host_.wait_for_exchanges(1)[0];
    EXPECT_EQ(exchange.error, "a bug");
    EXPECT_TRUE(exchange.aborted);
}

TEST_F(LiveBodyTest, WhoTakesNothingIsNotWaitedForAndHoldsNoMemory) {
    host_.config.send_timeout = Milliseconds{300};
    serve(1'000'000, std::string(100'000, 'x'), Counting::Ending::end);
    RawClient peer(host_.port(), 4'096);
    peer.send(get());
    const auto exchange = host_.wait_for_exchanges(1)[0];
    EXPECT_TRUE(exchange.aborted);
    EXPECT_LT(asked_, 1'000) << "no more than the sockets' buffers hold";
    wait_until_gone();
}

TEST_F(LiveBodyTest, WhoGoesAwayIsNoticedWhenSomethingIsSaid) {
    serve(1'000'000, std::string(100'000, 'x'), Counting::Ending::end);
    {
        RawClient peer(host_.port());
        peer.send(get());
        EXPECT_TRUE(peer.has_answer(20'000));
    }
    EXPECT_TRUE(host_.wait_for_exchanges(1)[0].aborted);
    wait_until_gone();
}

}  // namespace
}  // namespace safelight::http
