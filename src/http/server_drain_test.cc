// Endings, and what handlers wait for.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/no_descriptors.h"
#include "http/server.h"
#include "http/testing/raw_client.h"
#include "http/testing/test_server.h"

namespace safelight::http {
namespace {

using testing::RawClient;
using testing::TestServer;

constexpr std::string_view plain_get = " HTTP/1.1\r\nHost: a\r\n\r\n";

/// A handler that waits for the test.
class Gate {
  public:
    Task<Response> pass(Request&) {
        entered_.set_value();
        const bool was_set = co_await event.wait(Milliseconds{60'000});
        Response response;
        response.body = was_set ? "set" : "not set";
        co_return response;
    }
    void wait_until_entered() { entered_.get_future().wait(); }

    Event event;

  private:
    std::promise<void> entered_;
};

Task<Response> block(Request&, ThreadPool& pool, std::promise<void>& entered,
                     std::shared_future<void> release) {
    const auto done = co_await on_pool(pool, [&]() -> Result<int> {
        entered.set_value();
        release.wait();
        return 7;
    });
    Response response;
    response.status = done ? 200 : 503;
    co_return response;
}

class ServerDrain : public ::testing::Test {
  protected:
    ServerDrain() {
        host_.router.add("GET", "/gate", [this](Request& request) { return gate_.pass(request); });
        host_.router.add("GET", "/block", [this](Request& request) {
            return block(request, host_.pool, entered_, release_future_);
        });
    }

    std::promise<void> entered_;
    std::promise<void> release_;
    std::shared_future<void> release_future_ = release_.get_future().share();
    Gate gate_;
    TestServer host_;
};

TEST_F(ServerDrain, AnEventWakesItsWaiter) {
    host_.start();
    RawClient peer(host_.port());
    peer.send("GET /gate" + std::string(plain_get));
    gate_.wait_until_entered();
    gate_.event.set();
    gate_.event.set();
    EXPECT_EQ(peer.read_response().body, "set");
}

Task<Response> wait_twice(Request&) {
    Event event;
    Response response;
    response.body = co_await event.wait(Milliseconds{5}) ? "set" : "timed out";
    event.set();
    response.headers.set("X-Then", co_await event.wait(Milliseconds{60'000}) ? "set" : "timed out");
    co_return response;
}

TEST_F(ServerDrain, AnEventTimesOutAndStaysSet) {
    host_.router.add("GET", "/twice", wait_twice);
    host_.start();
    RawClient peer(host_.port());
    const auto response = peer.ask("GET /twice" + std::string(plain_get));
    EXPECT_EQ(response.body, "timed out");
    EXPECT_EQ(response.field("X-Then"), "set");
}

TEST_F(ServerDrain, IdleConnectionsCloseAndWaitersWakeUp) {
    host_.start();
    RawClient idle(host_.port());
    RawClient waiting(host_.port());
    waiting.send("GET /gate" + std::string(plain_get));
    gate_.wait_until_entered();
    host_.server().drain();
    EXPECT_TRUE(idle.is_closed());
    const auto response = waiting.read_response();
    EXPECT_EQ(response.body, "not set");
    EXPECT_EQ(response.field("Connection"), "close");
    EXPECT_TRUE(waiting.is_closed());
    EXPECT_THROW(RawClient{host_.port()}, std::runtime_error);
    EXPECT_EQ(host_.server().open_connections(), 0U);
    host_.server().drain();
    gate_.event.set();
}

TEST_F(ServerDrain, ARequestInFlightEndsWell) {
    host_.start();
    RawClient idle(host_.port());
    RawClient peer(host_.port());
    peer.send("GET /block" + std::string(plain_get) + "GET /block" + std::string(plain_get));
    entered_.get_future().wait();
    auto drained = std::async(std::launch::async, [this] { host_.server().drain(); });
    EXPECT_TRUE(idle.is_closed()) << "the sign that the drain has begun";
    release_.set_value();
    EXPECT_EQ(peer.read_response().status, 200);
    drained.get();
    EXPECT_FALSE(peer.try_read_response()) << "the pipelined request is not begun";
}

TEST_F(ServerDrain, WhatWasSentBeforeIsAnswered) {
    host_.router.add("GET", "/now", [](Request&) -> Task<Response> { co_return Response{}; });
    host_.start();
    RawClient kept(host_.port());
    ASSERT_EQ(kept.ask("GET /now" + std::string(plain_get)).status, 200);
    std::vector<std::unique_ptr<RawClient>> peers;
    for (int i = 0; i < 50; ++i) {
        peers.push_back(std::make_unique<RawClient>(host_.port()));
        peers.back()->send("GET /now" + std::string(plain_get));
    }
    kept.send("GET /now" + std::string(plain_get));
    host_.server().drain();
    for (const auto& peer : peers) EXPECT_EQ(peer->read_response().status, 200);
    EXPECT_EQ(kept.read_response().status, 200);
    EXPECT_TRUE(kept.is_closed());
}

/// A thread that drains a server when it is told to, and can be seen to wait for the I/O threads by then. All
/// without another descriptor.
class Drainer {
  public:
    explicit Drainer(Server& server) : thread_([this, &server] { run(server); }) {
        state_.open("/proc/self/task/" + std::to_string(id_.get_future().get()) + "/stat");
    }
    void begin() {
        told_ = true;
        while (state() != 'S') std::this_thread::yield();
    }
    void join() { thread_.join(); }

  private:
    void run(Server& server) {
        id_.set_value(::gettid());
        while (!told_) std::this_thread::yield();  // it must not be seen to wait before
        server.drain();
    }
    /// R: it runs, S: it waits.
    char state() {
        std::string line;
        state_.clear();
        state_.seekg(0);
        std::getline(state_, line);
        return line.at(line.rfind(')') + 2);
    }

    std::promise<pid_t> id_;
    std::atomic<bool> told_ = false;
    std::ifstream state_;
    std::jthread thread_;  // last: it uses the others
};

TEST_F(ServerDrain, WithoutDescriptorsWhoeverWaitsIsToldSo) {
    host_.router.add("GET", "/hold", [this](Request&) -> Task<Response> {
        entered_.set_value();
        release_future_.wait();  // on the only I/O thread: nobody is accepted meanwhile
        co_return Response{};
    });
    host_.start();
    RawClient first(host_.port());
    first.send("GET /hold" + std::string(plain_get));
    entered_.get_future().wait();
    std::vector<RawClient> late;
    for (int i = 0; i < 3; ++i) late.emplace_back(RawClient::Unconnected{});
    Drainer drainer(host_.server());
    const NoDescriptors none;
    for (auto& peer : late) {
        peer.connect(host_.port());
        peer.send("GET /hold" + std::string(plain_get));
    }
    drainer.begin();
    release_.set_value();
    for (auto& peer : late) {
        const auto response = peer.read_response();
        EXPECT_EQ(response.status, 503);
        EXPECT_TRUE(response.field("Retry-After"));
    }
    EXPECT_EQ(first.read_response().status, 200);
    drainer.join();
}

TEST_F(ServerDrain, ARefusalIsNotTakenBackByAReset) {
    host_.start();
    RawClient peer(host_.port());
    peer.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
              std::string(100'000, 'x'));
    host_.server().drain();
    EXPECT_EQ(peer.read_response().status, 404);
}

TEST_F(ServerDrain, PastTheDeadlineSocketsAreCutAndPoolWorkStillEnds) {
    host_.config.drain_timeout = Milliseconds{20};
    host_.start();
    RawClient peer(host_.port());
    peer.send("GET /block" + std::string(plain_get));
    entered_.get_future().wait();
    auto drained = std::async(std::launch::async, [this] { host_.server().drain(); });
    EXPECT_TRUE(peer.is_closed());
    EXPECT_EQ(drained.wait_for(Milliseconds{0}), std::future_status::timeout);
    release_.set_value();
    drained.get();
    EXPECT_TRUE(host_.wait_for_exchanges(1).at(0).aborted);
}

TEST_F(ServerDrain, AnUploadInFlightIsCutPastTheDeadline) {
    host_.router.add("POST", "/read", [](Request& request) -> Task<Response> {
        const auto text = co_await read_text(*request.body, 1'000);
        Response response;
        response.status = text ? 200 : 503;
        co_return response;
    });
    host_.config.drain_timeout = Milliseconds{20};
    host_.start();
    RawClient peer(host_.port());
    EXPECT_EQ(peer.ask("POST /read HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
                  .status,
              100);
    host_.server().drain();
    EXPECT_TRUE(peer.is_closed());
}

Task<Response> use_pool(Request&, ThreadPool& pool) {
    const auto result = co_await on_pool(pool, []() -> Result<int> { return 7; });
    Response response;
    response.status = result ? 200 : 503;
    response.body = result ? std::string() : std::string(name_of(result.error().code));
    co_return response;
}

TEST_F(ServerDrain, AFullPoolIsAnErrorAtOnce) {
    ThreadPool tiny("tiny", 1, 1);
    host_.router.add("GET", "/pool", [&tiny](Request& request) { return use_pool(request, tiny); });
    host_.start();
    std::promise<void> busy;
    ASSERT_TRUE(tiny.submit([&] {
        busy.set_value();
        release_future_.wait();
    }));
    busy.get_future().wait();
    ASSERT_TRUE(tiny.submit([] {}));
    RawClient peer(host_.port());
    const auto response = peer.ask("GET /pool" + std::string(plain_get));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, "overloaded");
    release_.set_value();
    host_.server().drain();
}

Task<Response> throw_on_pool(Request&, ThreadPool& pool) {
    const auto result =
        co_await on_pool(pool, []() -> Result<int> { throw std::runtime_error("deep inside"); });
    Response response;
    response.status = result ? 200 : 503;
    co_return response;
}

TEST_F(ServerDrain, AnExceptionOnThePoolComesBackToTheRequest) {
    host_.router.add("GET", "/throw",
                     [this](Request& request) { return throw_on_pool(request, host_.pool); });
    host_.start();
    RawClient peer(host_.port());
    EXPECT_EQ(peer.ask("GET /throw" + std::string(plain_get)).status, 500);
    EXPECT_EQ(host_.wait_for_exchanges(1).at(0).error, "deep inside");
}

}  // namespace
}  // namespace safelight::http
