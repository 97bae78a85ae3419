#include "api/source_upload.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <semaphore>
#include <string>
#include <utility>

#include "api/testing/api_server.h"
#include "outbound/testing/scripted_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using testing::Peer;
using testing::Reply;
using testing::ScriptedServer;

/// An API that fetches from this machine.
class SourceUploadTest : public ::testing::Test {
  protected:
    SourceUploadTest() {
        ApiParts parts = api_.parts_with(*api_.library, *api_.authenticator);
        parts.sources = {.client = client_.get(), .pool = &pool_, .fetches_max = 1};
        register_routes(router_, std::move(parts));
        server_ = api_.serve(router_);
    }
    ~SourceUploadTest() override { server_->drain(); }

    [[nodiscard]] Reply post(const std::string& url, Fields fields = {}) const {
        fields.emplace_back("Content-Type", "application/json");
        return testing::Client{server_->port()}.post("/v1/jobs", body_for(url), fields);
    }
    [[nodiscard]] static std::string body_for(const std::string& url) {
        return R"({"source_url":")" + url + R"("})";
    }
    void expect_nothing_left() {
        for (int alive = api_.ingest.alive; alive != 0; alive = api_.ingest.alive)
            api_.ingest.alive.wait(alive);
        api_.house.expect_nothing();
    }

    ApiServer api_;
    const std::unique_ptr<OutboundClient> client_ =
        make_outbound_client({.guard = AddressGuard(parse_networks("127.0.0.0/8").value())});
    ThreadPool pool_{"fetch", 1, 1};
    http::Router router_;
    std::unique_ptr<http::Server> server_;
};

TEST_F(SourceUploadTest, GoesTheWayOfAnUploadInBoundedPieces) {
    const std::string picture = ApiServer::picture(900'000);
    const ScriptedServer source(
        [&](const Peer& peer, const std::string&, const std::string&) { peer.send_ok(picture); });
    const Reply reply = post(source.url("/a/cat%20one.jpg?b"));
    ASSERT_EQ(reply.status, 202) << reply.body;
    EXPECT_EQ(reply.json().at("image").at("filename"), "cat one.jpg");
    EXPECT_EQ(reply.json().at("image").at("bytes"), 900'000);
    EXPECT_GE(api_.ingest.writes, 3);
    EXPECT_LE(api_.ingest.largest_write, upload_piece_bytes + outbound_read_bytes_min);
}

TEST_F(SourceUploadTest, IsNotFetchedAgainForItsRepetition) {
    const ScriptedServer source([&](const Peer& peer, const std::string&, const std::string&) {
        peer.send_ok(ApiServer::picture());
    });
    const Reply first = post(source.url(), {{"Idempotency-Key", "a"}});
    const Reply again = post(source.url(), {{"Idempotency-Key", "a"}});
    EXPECT_EQ(first.status, 202);
    EXPECT_EQ(again.body, first.body);
    EXPECT_TRUE(again.headers.has("Idempotency-Replayed"));
    EXPECT_EQ(post(source.url("/b"), {{"Idempotency-Key", "a"}}).problem(), "idempotency-key-already-used");
    EXPECT_EQ(source.requests, 1);
}

TEST_F(SourceUploadTest, EndsWhenTheClientGoesAwayAndFreesItsPlace) {
    std::counting_semaphore<> asked(0);
    std::counting_semaphore<> left(0);
    const ScriptedServer source([&](const Peer& peer, const std::string&, const std::string& path) {
        if (path == "/whole") return peer.send_ok(ApiServer::picture());
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n");
        peer.send(std::string_view(ApiServer::picture(900'000)).substr(0, 600'000));
        asked.release();
        peer.wait_for_close();
        left.release();
    });
    const testing::Client client{server_->port()};
    {
        const testing::Connection connection(client.port);
        const std::string body = body_for(source.url("/held"));
        connection.send(
            client.head_of("POST", "/v1/jobs", {{"Content-Type", "application/json"}}, body.size()) + body);
        asked.acquire();
        const Reply refused = post(source.url("/whole"));
        EXPECT_EQ(refused.problem(), "overloaded");
        EXPECT_TRUE(refused.headers.has("Retry-After"));
    }
    left.acquire();
    server_->drain();
    expect_nothing_left();
    EXPECT_EQ(api_.ingest.finished, 0);
}

TEST_F(SourceUploadTest, ThatIsCutShortLeavesNothing) {
    const ScriptedServer source([&](const Peer& peer, const std::string&, const std::string&) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n");
        peer.send(std::string_view(ApiServer::picture(900'000)).substr(0, 600'000));
    });
    EXPECT_EQ(post(source.url()).problem(), "source-failed");
    EXPECT_EQ(api_.ingest.begun, 1);
    expect_nothing_left();
}

TEST(SourceRefusal, SaysWhatTheClientMayKnow) {
    const std::pair<OutboundFault, Problem> expected[] = {
        {OutboundFault::malformed_url, Problem::invalid_argument},
        {OutboundFault::refused_url, Problem::source_refused},
        {OutboundFault::refused_host, Problem::source_refused},
        {OutboundFault::refused_address, Problem::source_refused},
        {OutboundFault::no_such_host, Problem::source_refused},
        {OutboundFault::unreachable, Problem::source_failed},
        {OutboundFault::tls, Problem::source_failed},
        {OutboundFault::timeout, Problem::source_timeout},
        {OutboundFault::too_large, Problem::payload_too_large},
        {OutboundFault::too_many_redirects, Problem::source_failed},
        {OutboundFault::broken_answer, Problem::source_failed}};
    for (const auto& [fault, problem] : expected) {
        const Refusal refusal = refusal_of({fault, "10.0.0.1"}, 1'000);
        EXPECT_EQ(refusal.problem, problem) << name_of(fault);
        EXPECT_EQ(refusal.error.public_text.find("10.0.0.1"), std::string::npos);
    }
    EXPECT_EQ(refusal_of({OutboundFault::refused_address, "a"}, 1).error,
              refusal_of({OutboundFault::no_such_host, "b"}, 1).error);
    for (const auto& [status, problem] : {std::pair{404, Problem::source_not_found},
                                          {499, Problem::source_not_found},
                                          {500, Problem::source_failed},
                                          {304, Problem::source_failed}}) {
        const Refusal refusal = refusal_of({OutboundFault::bad_status, "", status}, 1);
        EXPECT_EQ(refusal.problem, problem);
        EXPECT_NE(refusal.error.public_text.find(std::to_string(status)), std::string::npos);
    }
}

}  // namespace
}  // namespace safelight
