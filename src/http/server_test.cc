// What a client sees of a server that is well treated.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <semaphore>
#include <thread>

#include "http/testing/raw_client.h"
#include "http/testing/test_server.h"

namespace safelight::http {
namespace {

using testing::RawClient;
using testing::RawResponse;
using testing::TestServer;

Task<Response> echo(Request& request) {
    auto text = co_await read_text(*request.body, 1 << 20);
    Response response;
    response.status = text ? 200 : 422;
    response.body = text ? *text : text.error().public_text;
    co_return response;
}

Task<Response> greet(Request& request) {
    Response response;
    response.headers.set("Content-Type", "text/plain");
    response.headers.set("X-Request-Id", "forged");
    response.body = "hello " + request.path_parameters.at("name");
    for (const auto& [name, value] : request.query) response.headers.add("X-Query", name + "=" + value);
    co_return response;
}

/// Counts a body of any size without keeping it.
Task<Response> count(Request& request) {
    std::vector<std::byte> buffer(65'536);
    std::uint64_t bytes = 0;
    for (;;) {
        const auto read = co_await request.body->read(buffer);
        if (!read || *read == 0) break;
        bytes += *read;
    }
    Response response;
    response.body = std::to_string(bytes);
    co_return response;
}

Task<Response> refuse(Request&) {
    Response response;
    response.status = 401;
    co_return response;
}

/// Says before and after its body whether the client is known to be gone, and ends when it is.
Task<Response> outwait(Request& request) {
    Response response;
    response.body = request.body->is_abandoned() ? "gone before" : "";
    (void)co_await read_text(*request.body, 1 << 20);
    if (!request.query.empty()) co_return response;
    while (!request.body->is_abandoned()) (void)co_await Event().wait(std::chrono::milliseconds{5});
    co_return response;
}

Task<Response> fail(Request&) {
    throw std::runtime_error("a bug");
    co_return Response{};
}

Task<Response> split(Request& request) {
    Response response;
    response.headers.set("X-Name", request.query.at(0).second);
    co_return response;
}

/// `good_bytes` of 'x', then the end or an error.
class Letters final : public ResponseStream {
  public:
    Letters(std::uint64_t good_bytes, bool fails) : left_(good_bytes), fails_(fails) {}
    Result<std::size_t> read(std::span<std::byte> buffer) override {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
        if (count == 0 && fails_) return failure(ErrorCode::unavailable, "gone", "the disk is gone");
        std::memset(buffer.data(), 'x', count);
        left_ -= count;
        return count;
    }

  private:
    std::uint64_t left_;
    bool fails_;
};

/// `/stream/{bytes}?good=N`: announces `bytes`, and fails after N of them.
Task<Response> stream(Request& request) {
    StreamedBody body;
    body.length_bytes = std::stoull(request.path_parameters.at("bytes"));
    const bool fails = !request.query.empty();
    body.stream =
        std::make_unique<Letters>(fails ? std::stoull(request.query[0].second) : body.length_bytes, fails);
    Response response;
    response.body = std::move(body);
    co_return response;
}

class ServerTest : public ::testing::Test {
  protected:
    ServerTest() {
        host_.router.add("POST", "/echo", echo);
        host_.router.add("GET", "/hello/{name}", greet);
        host_.router.add("PUT", "/count", count);
        host_.router.add("POST", "/refuse", refuse);
        host_.router.add("POST", "/outwait", outwait);
        host_.router.add("GET", "/fail", fail);
        host_.router.add("GET", "/split", split);
        host_.router.add("GET", "/stream/{bytes}", stream);
        host_.config.body_bytes_max = 64 << 20;
    }
    [[nodiscard]] RawClient client() { return RawClient(host_.port()); }

    TestServer host_;
};

std::string get(std::string_view target, std::string_view fields = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view target, std::string_view body, std::string_view fields = "") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_F(ServerTest, AnswersWithItsOwnFieldsAndTheHandlers) {
    host_.start();
    RawClient peer = client();
    const auto response = peer.ask(get("/hello/w%20d?a=1", "X-Request-Id: mine\r\n"));
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.head.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(response.body, "hello w d");
    EXPECT_EQ(response.field("Content-Type"), "text/plain");
    EXPECT_EQ(response.field("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response.field("X-Query"), "a=1");
    EXPECT_EQ(response.field("Connection"), std::nullopt);
    EXPECT_TRUE(parse_http_date(response.field("Date").value_or("")));
    const auto id = Uuid::parse(response.field("X-Request-Id").value_or(""));
    ASSERT_TRUE(id);
    EXPECT_EQ(id->bytes[6] >> 4, 7);
}

TEST_F(ServerTest, AHandlerSeesThatItsClientHasGoneAway) {
    host_.start();
    RawClient patient = client();
    EXPECT_EQ(patient.ask(post("/outwait?at-once=1", "abc")).body, "");
    for (const bool resets : {false, true}) {
        RawClient leaving = client();
        leaving.send(post("/outwait", "abc"));
        if (resets) {
            leaving.close();
        } else {
            leaving.end_sending();
            EXPECT_EQ(leaving.read_response().status, 200) << "its other side may still be open";
        }
    }
    EXPECT_EQ(host_.wait_for_exchanges(3).size(), 3U);
}

TEST_F(ServerTest, ReportsEachExchange) {
    host_.start();
    RawClient peer = client();
    const auto response = peer.ask(
        "POST /echo?secret=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\nabc");
    const auto exchange = host_.wait_for_exchanges(1).at(0);
    EXPECT_EQ(exchange.method, "POST");
    EXPECT_EQ(exchange.path, "/echo");
    EXPECT_EQ(exchange.route, "/echo");
    EXPECT_EQ(exchange.status, 200);
    EXPECT_EQ(exchange.request_body_bytes, 3U);
    EXPECT_EQ(exchange.response_body_bytes, 3U);
    EXPECT_EQ(exchange.trace_id, "0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(exchange.request_id, response.field("X-Request-Id"));
    EXPECT_FALSE(exchange.aborted);
    EXPECT_EQ(exchange.error, "");
}

TEST_F(ServerTest, KeepsTheConnectionAndThePipelinesOrder) {
    host_.start();
    RawClient peer = client();
    std::string pipeline = "\r\n";
    for (int i = 0; i < 50; ++i)
        pipeline += get("/hello/" + std::to_string(i)) + post("/echo", std::to_string(i));
    peer.send(pipeline);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(peer.read_response().body, "hello " + std::to_string(i));
        EXPECT_EQ(peer.read_response().body, std::to_string(i));
    }
    EXPECT_EQ(peer.ask(get("/hello/x", "Connection: close\r\n")).field("Connection"), "close");
    EXPECT_TRUE(peer.is_closed());
}

TEST_F(ServerTest, TakesARequestThatComesByteByByte) {
    host_.start();
    RawClient peer = client();
    for (const char c : get("/hello/you") + post("/echo", "abc")) peer.send({&c, 1});
    EXPECT_EQ(peer.read_response().body, "hello you");
    EXPECT_EQ(peer.read_response().body, "abc");
}

TEST_F(ServerTest, SpeaksHttp10) {
    host_.start();
    RawClient once = client();
    EXPECT_EQ(once.ask("GET /hello/x HTTP/1.0\r\n\r\n").field("Connection"), "close");
    EXPECT_TRUE(once.is_closed());
    RawClient kept = client();
    EXPECT_EQ(kept.ask("GET /hello/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").field("Connection"),
              "keep-alive");
    EXPECT_EQ(kept.ask("GET /hello/x HTTP/1.0\r\n\r\n").status, 200);
}

TEST_F(ServerTest, AnswersHeadWithTheHeadOfGet) {
    host_.start();
    RawClient peer = client();
    peer.send("HEAD /hello/you HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream/1000000 HTTP/1.1\r\nHost: a\r\n\r\n" +
              get("/hello/z"));
    EXPECT_EQ(peer.read_response(true).field("Content-Length"), "9");
    EXPECT_EQ(peer.read_response(true).field("Content-Length"), "1000000");
    EXPECT_EQ(peer.read_response().body, "hello z");
}

TEST_F(ServerTest, TellsUnknownPathsFromUnknownMethods) {
    host_.start();
    RawClient peer = client();
    EXPECT_EQ(peer.ask(get("/nowhere")).status, 404);
    const auto refused = peer.ask(get("/echo"));
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.field("Allow"), "POST");
    EXPECT_EQ(peer.ask(get("/hello/x?a=%zz")).status, 400);
    EXPECT_EQ(peer.ask(get("/hello/x")).status, 200);
}

TEST_F(ServerTest, ReadsChunkedBodies) {
    host_.start();
    RawClient peer = client();
    const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    peer.send(head + "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nX-Trailer: 1\r\n\r\n" + get("/hello/z"));
    EXPECT_EQ(peer.read_response().body, "hello, world");
    EXPECT_EQ(peer.read_response().body, "hello z");
}

TEST_F(ServerTest, AMissingLengthIsAnEmptyBody) {
    host_.start();
    RawClient peer = client();
    peer.send("POST /echo HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello/z"));
    EXPECT_EQ(peer.read_response().body, "");
    EXPECT_EQ(peer.read_response().body, "hello z");
}

TEST_F(ServerTest, StreamsLargeBodiesBothWays) {
    host_.start();
    RawClient peer = client();
    constexpr std::size_t bytes = 32 << 20;
    const std::string piece(1 << 20, 'a');
    peer.send("PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
    for (std::size_t sent = 0; sent < bytes; sent += piece.size()) ASSERT_TRUE(peer.send(piece));
    EXPECT_EQ(peer.read_response().body, std::to_string(bytes));

    peer.send("PUT /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t sent = 0; sent < bytes; sent += piece.size()) {
        ASSERT_TRUE(peer.send("100000\r\n" + piece + "\r\n"));
    }
    peer.send("0\r\n\r\n");
    EXPECT_EQ(peer.read_response().body, std::to_string(bytes));

    const auto streamed = peer.ask(get("/stream/3000001"));
    EXPECT_EQ(streamed.body, std::string(3'000'001, 'x'));
    EXPECT_EQ(peer.ask(get("/stream/0")).body, "");
}

TEST_F(ServerTest, AsksForABodyOnlyWhenTheHandlerDoes) {
    host_.start();
    RawClient accepted = client();
    const std::string fields = " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    EXPECT_EQ(accepted.ask("POST /echo" + fields).status, 100);
    EXPECT_EQ(accepted.ask("abc").body, "abc");
    EXPECT_EQ(accepted.ask(get("/hello/x")).status, 200);

    RawClient refused = client();
    const auto response = refused.ask("POST /refuse" + fields);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.field("Connection"), "close");
    EXPECT_TRUE(refused.is_closed());

    RawClient hasty = client();
    EXPECT_EQ(hasty.ask("POST /echo" + fields + "abc").status, 200) << "no 100 once the body is there";
}

TEST_F(ServerTest, KeepsTheConnectionPastAShortUnreadBody) {
    host_.start();
    RawClient peer = client();
    peer.send(post("/refuse", std::string(60'000, 'a')) + get("/hello/z"));
    const auto refused = peer.read_response();
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.field("Connection"), std::nullopt);
    EXPECT_EQ(peer.read_response().body, "hello z");
}

TEST_F(ServerTest, AnswersAClientThatIsStillSendingALongBody) {
    host_.start();
    RawClient peer = client();
    EXPECT_TRUE(peer.send(post("/refuse", std::string(20 << 20, 'a'))));
    const auto refused = peer.read_response();
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.field("Connection"), "close");
    peer.end_sending();
    EXPECT_TRUE(peer.is_closed());
}

TEST_F(ServerTest, AHandlersExceptionIsAProblemAndClosesTheConnection) {
    host_.start();
    RawClient peer = client();
    const auto response = peer.ask(get("/fail"));
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body.find("a bug"), std::string::npos);
    EXPECT_TRUE(peer.is_closed());
    EXPECT_EQ(host_.wait_for_exchanges(1).at(0).error, "a bug");
}

TEST_F(ServerTest, AResponseCannotBeSplit) {
    host_.start();
    RawClient peer = client();
    const auto response = peer.ask(get("/split?x=a%0d%0aSet-Cookie:%20b"));
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.field("Set-Cookie"), std::nullopt);
    EXPECT_TRUE(peer.is_closed());
    EXPECT_NE(host_.wait_for_exchanges(1).at(0).error, "");
}

TEST_F(ServerTest, AStreamThatFailsIsNeverACompleteBody) {
    host_.start();
    RawClient early = client();
    EXPECT_EQ(early.ask(get("/stream/1000?good=10")).status, 500);
    RawClient late = client();
    late.send(get("/stream/1000000?good=500000"));
    EXPECT_FALSE(late.try_read_response());
    const auto exchanges = host_.wait_for_exchanges(2);
    EXPECT_EQ(exchanges[0].error, "the disk is gone");
    EXPECT_EQ(exchanges[1].error, "the disk is gone");
    EXPECT_TRUE(exchanges[1].aborted);
}

TEST_F(ServerTest, RendersProblemsByTheHook) {
    ServerHooks hooks;
    hooks.problem = [](ServerProblem problem, std::string_view detail, const Request* request) {
        Response response;
        response.status = problem == ServerProblem::not_found ? 404 : 400;
        response.headers.set("Content-Type", "application/problem+json");
        response.body = std::string(detail) + (request != nullptr ? " " + request->path : "");
        return response;
    };
    host_.start(std::move(hooks));
    RawClient peer = client();
    const auto missing = peer.ask(get("/nowhere"));
    EXPECT_EQ(missing.field("Content-Type"), "application/problem+json");
    EXPECT_THAT(missing.body, ::testing::EndsWith(" /nowhere"));
    EXPECT_EQ(peer.ask("nonsense\r\n\r\n").status, 400);
}

TEST_F(ServerTest, ServesManyConnectionsOnSeveralThreads) {
    host_.config.io_threads = 3;
    host_.start();
    std::vector<RawClient> peers;
    for (int i = 0; i < 200; ++i) peers.emplace_back(host_.port());
    for (int round = 0; round < 3; ++round) {
        for (auto& peer : peers) peer.send(get("/hello/x") + get("/stream/100"));
        for (auto& peer : peers) {
            EXPECT_EQ(peer.read_response().status, 200);
            EXPECT_EQ(peer.read_response().body.size(), 100U);
        }
    }
    EXPECT_EQ(host_.server().open_connections(), 200U);
}

TEST_F(ServerTest, SaysWhetherItsThreadsGetRoundToAnything) {
    std::binary_semaphore hanging{0};
    std::binary_semaphore may_go_on{0};
    ServerHooks hooks;
    hooks.finished = [&](const Exchange&) {
        hanging.release();
        may_go_on.acquire();
    };
    host_.start(std::move(hooks));
    EXPECT_TRUE(host_.server().is_responsive(std::chrono::minutes{1}));
    RawClient peer = client();
    peer.send(get("/hello/x"));
    hanging.acquire();
    EXPECT_FALSE(host_.server().is_responsive(Milliseconds{1}));
    may_go_on.release();
    EXPECT_TRUE(host_.server().is_responsive(std::chrono::minutes{1}));
}

TEST_F(ServerTest, RefusesBadConfigurationAndTakenPorts) {
    host_.start();
    TestServer second;
    second.config.port = host_.port();
    EXPECT_THROW(second.start(), std::runtime_error);
    TestServer nowhere;
    nowhere.config.address = "example";
    EXPECT_THROW(nowhere.start(), std::runtime_error);
    ServerConfig config;
    EXPECT_TRUE(config.validate());
    config.io_threads = 0;
    config.idle_timeout = Milliseconds{0};
    EXPECT_EQ(config.validate().error().faults.size(), 2U);
}

}  // namespace
}  // namespace safelight::http
