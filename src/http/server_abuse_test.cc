// What a client sees that breaks the protocol's rules: group B of the faults to withstand.
#include <gtest/gtest.h>

#include <atomic>

#include "base/testing/no_descriptors.h"
#include "http/server.h"
#include "http/testing/raw_client.h"
#include "http/testing/test_server.h"

namespace safelight::http {
namespace {

using testing::RawClient;
using testing::TestServer;

class ServerAbuse : public ::testing::Test {
  protected:
    ServerAbuse() {
        host_.router.add("POST", "/upload",
                         [this](Request& request) { return upload(request, uploaded_bytes_); });
        host_.router.add("GET", "/canary", [this](Request&) { return canary(canaries_); });
        host_.config.body_bytes_max = 1'000'000;
    }

    static Task<Response> upload(Request& request, std::atomic<std::uint64_t>& bytes) {
        std::vector<std::byte> buffer(65'536);
        Response response;
        for (;;) {
            const auto read = co_await request.body->read(buffer);
            if (!read) {
                response.status = read.error().code == ErrorCode::payload_too_large ? 413 : 503;
                co_return response;
            }
            if (*read == 0) co_return response;
            bytes += *read;
        }
    }
    static Task<Response> canary(std::atomic<int>& count) {
        ++count;
        co_return Response{};
    }

    /// The status of the only answer to `bytes`, behind which the connection ends. 0 when there is none.
    int only_status(std::string_view bytes, bool ends_sending = false) {
        RawClient peer(host_.port());
        peer.send(bytes);
        if (ends_sending) peer.end_sending();
        const auto response = peer.try_read_response();
        if (!response) return 0;
        peer.end_sending();
        EXPECT_TRUE(peer.is_closed()) << bytes.substr(0, 100);
        return response->status;
    }

    std::atomic<std::uint64_t> uploaded_bytes_ = 0;
    std::atomic<int> canaries_ = 0;
    TestServer host_;  // last: its handlers count
};

constexpr std::string_view canary_request = "GET /canary HTTP/1.1\r\nHost: a\r\n\r\n";

std::string upload_with(std::string_view fields, std::string_view body = "") {
    return "POST /upload HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body) +
           std::string(canary_request);
}

TEST_F(ServerAbuse, BrokenHeadsAreRefusedAndNothingBehindThemIsExecuted) {
    host_.start();
    using namespace std::string_literals;
    for (const std::string& fields :
         {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"s,
          "Content-Length: 3\r\nContent-Length: 3\r\n"s, "Content-Length: 3\r\nContent-Length: 30\r\n"s,
          "Transfer-Encoding: xchunked\r\n"s, "Transfer-Encoding : chunked\r\n"s, "Content-Length: -1\r\n"s,
          "Content-Length: +5\r\n"s, "Content-Length: 5,6\r\n"s, "X-A: b\r\n folded\r\n"s, "X-A: b\n"s,
          "X-A: b\rc\r\n"s, "X-A: b\0c\r\n"s, "Host: a\r\n"s, "X A: b\r\n"s}) {
        EXPECT_EQ(only_status(upload_with(fields)), 400) << fields;
    }
    EXPECT_EQ(only_status("GET /canary HTTP/1.1\r\n\r\n"), 400) << "no Host";
    EXPECT_EQ(only_status("GET /canary HTTP/1.1\nHost: a\n\n"), 400) << "bare LF";
    EXPECT_EQ(only_status(upload_with("Content-Length: 9223372036854775808\r\n")), 413);
    EXPECT_EQ(only_status(upload_with("Transfer-Encoding: gzip, chunked\r\n")), 501);
    EXPECT_EQ(only_status(upload_with("Expect: the-impossible\r\n")), 417);
    EXPECT_EQ(only_status("GET / HTTP/3.0\r\nHost: a\r\n\r\n"), 505);
    std::string hosts;
    for (int i = 0; i < 90; ++i) hosts += "Host: a\r\n";
    EXPECT_EQ(only_status(upload_with(hosts)), 400);
    EXPECT_EQ(canaries_, 0);
}

TEST_F(ServerAbuse, BrokenChunksAreRefusedAndNothingBehindThemIsExecuted) {
    host_.start();
    for (const std::string& body :
         {std::string("-1\r\n"), std::string("10000000000000000\r\n"), std::string("ffffffffffffffff\r\n"),
          std::string("5\r\nhelloworld\r\n0\r\n\r\n"), std::string("5\nhello\r\n0\r\n\r\n"),
          std::string("5\r\nhello\r\n0\r\njunk\r\n\r\n"), std::string("5\r\nhello\r\n0\r\nX : y\r\n\r\n"),
          std::string("5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n"), std::string("5\r\nhello\r\n\r\n"),
          "5;" + std::string(10'000, 'x') + "\r\nhello\r\n0\r\n\r\n"}) {
        EXPECT_EQ(only_status(upload_with("Transfer-Encoding: chunked\r\n", body)), 400)
            << body.substr(0, 60);
    }
    EXPECT_EQ(canaries_, 0);
}

TEST_F(ServerAbuse, HeadsPastTheLimitsAreRefused) {
    host_.start();
    EXPECT_EQ(only_status(upload_with("X: " + std::string(65'536, 'a') + "\r\n")), 431);
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += "X-A: b\r\n";
    EXPECT_EQ(only_status(upload_with(many)), 431);
    EXPECT_EQ(only_status("GET /" + std::string(65'536, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
    EXPECT_EQ(canaries_, 0);
}

TEST_F(ServerAbuse, BodiesPastTheLimitAreRefused) {
    host_.start();
    EXPECT_EQ(only_status(upload_with("Content-Length: 1000001\r\n")), 413);
    EXPECT_EQ(only_status(upload_with("Content-Length: 1000001\r\nExpect: 100-continue\r\n")), 413)
        << "before any 100";
    EXPECT_EQ(uploaded_bytes_, 0U);
    EXPECT_EQ(only_status(upload_with("Transfer-Encoding: chunked\r\n", "7fffffffffffffff\r\n")), 413);
    EXPECT_EQ(canaries_, 0);
}

TEST_F(ServerAbuse, AnEndlessChunkedBodyIsCutAtTheLimit) {
    host_.start();
    RawClient peer(host_.port());
    peer.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "2710\r\n" + std::string(10'000, 'a') + "\r\n";
    for (int i = 0; i < 200 && peer.send(chunk); ++i) {
    }
    EXPECT_EQ(peer.read_response().status, 413);
    EXPECT_LE(uploaded_bytes_, 1'000'000U);
    peer.end_sending();
    EXPECT_TRUE(peer.is_closed());
}

TEST_F(ServerAbuse, BodiesThatEndEarlyAreRefused) {
    host_.start();
    const std::string head = "POST /upload HTTP/1.1\r\nHost: a\r\n";
    EXPECT_EQ(only_status(head + "Content-Length: 10\r\n\r\nabc", true), 400);
    EXPECT_EQ(only_status(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", true), 400);
    EXPECT_EQ(only_status(head + "Content-", true), 0);
}

TEST_F(ServerAbuse, BytesBehindABodyAreTheNextRequest) {
    host_.start();
    RawClient peer(host_.port());
    peer.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabcdef\r\n\r\n");
    EXPECT_EQ(peer.read_response().status, 200);
    EXPECT_EQ(peer.read_response().status, 400);
    peer.end_sending();
    EXPECT_TRUE(peer.is_closed());
    EXPECT_EQ(uploaded_bytes_, 2U);
}

TEST_F(ServerAbuse, SlowHeadersAreAnsweredAndClosed) {
    host_.config.header_timeout = Milliseconds{40};
    host_.start();
    std::vector<RawClient> peers;
    for (int i = 0; i < 100; ++i) peers.emplace_back(host_.port()).send("G");
    for (auto& peer : peers) {
        EXPECT_EQ(peer.read_response().status, 408);
        peer.end_sending();
        EXPECT_TRUE(peer.is_closed());
    }
}

TEST_F(ServerAbuse, ADripOfHeaderBytesDoesNotMoveTheDeadline) {
    host_.config.header_timeout = Milliseconds{40};
    host_.start();
    RawClient peer(host_.port());
    peer.send("GET / HTTP/1.1\r\nX: ");
    while (!peer.has_answer(1)) peer.send("a");
    EXPECT_EQ(peer.read_response().status, 408);
}

TEST_F(ServerAbuse, SlowBodiesAreAnsweredAndClosed) {
    host_.config.body_rate_grace = Milliseconds{40};
    host_.config.body_rate_min_bytes_per_s = 1'000'000;
    host_.start();
    std::vector<RawClient> peers;
    for (int i = 0; i < 50; ++i) {
        peers.emplace_back(host_.port());
        peers.back().send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
    }
    for (auto& peer : peers) {
        const auto response = peer.read_response();
        EXPECT_EQ(response.status, 408) << "the handler's own answer is 503";
        EXPECT_EQ(response.field("Connection"), "close");
        peer.end_sending();
        EXPECT_TRUE(peer.is_closed());
    }
}

TEST_F(ServerAbuse, IdleConnectionsAreClosedInSilence) {
    host_.config.idle_timeout = Milliseconds{40};
    host_.start();
    RawClient fresh(host_.port());
    EXPECT_TRUE(fresh.is_closed());
    RawClient used(host_.port());
    EXPECT_EQ(used.ask(canary_request).status, 200);
    EXPECT_TRUE(used.is_closed());
}

/// More bytes than the sockets' buffers take.
class Endless final : public ResponseStream {
  public:
    Result<std::size_t> read(std::span<std::byte> buffer) override { return buffer.size(); }
};

Task<Response> large(Request&) {
    Response response;
    response.body = StreamedBody{std::make_unique<Endless>(), 1ULL << 30};
    co_return response;
}

TEST_F(ServerAbuse, ReadersWithoutProgressAreCut) {
    host_.router.add("GET", "/large", large);
    host_.config.send_timeout = Milliseconds{100};
    host_.start();
    std::vector<RawClient> peers;
    for (int i = 0; i < 5; ++i) {
        peers.emplace_back(host_.port(), 4'096);
        peers.back().send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (const auto& exchange : host_.wait_for_exchanges(peers.size())) {
        EXPECT_TRUE(exchange.aborted);
        EXPECT_LT(exchange.response_body_bytes, 1ULL << 30);
    }
}

TEST_F(ServerAbuse, ConnectionsPastTheLimitAreSentAway) {
    host_.config.connections_max = 2;
    host_.start();
    RawClient first(host_.port());
    RawClient second(host_.port());
    EXPECT_EQ(first.ask(canary_request).status, 200);
    EXPECT_EQ(second.ask(canary_request).status, 200);
    RawClient third(host_.port());
    const auto refused = third.read_response();
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.field("Retry-After"));
    EXPECT_EQ(refused.field("Connection"), "close");
    third.end_sending();
    EXPECT_TRUE(third.is_closed());
    EXPECT_EQ(first.ask(canary_request).status, 200);
}

TEST_F(ServerAbuse, WithoutDescriptorsItSaysSoAndGoesOnLater) {
    host_.start();
    RawClient early(host_.port());
    EXPECT_EQ(early.ask(canary_request).status, 200);
    std::vector<RawClient> late;
    for (int i = 0; i < 3; ++i) late.emplace_back(RawClient::Unconnected{});
    {
        const NoDescriptors none;
        for (auto& peer : late) {
            peer.connect(host_.port());
            const auto response = peer.read_response();
            EXPECT_EQ(response.status, 503);
            EXPECT_TRUE(response.field("Retry-After"));
        }
        EXPECT_EQ(early.ask(canary_request).status, 200);
    }
    RawClient again(host_.port());
    EXPECT_EQ(again.ask(canary_request).status, 200);
}

}  // namespace
}  // namespace safelight::http
