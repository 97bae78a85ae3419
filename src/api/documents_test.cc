// Health, figures, pages and documents.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using ::testing::HasSubstr;
using testing::Reply;

TEST(Health, AliveAndReady) {
    ApiServer api;
    EXPECT_EQ(api.client().get("/healthz").body, R"({"status":"ok"})");
    const Reply ready = api.client().get("/readyz");
    EXPECT_EQ(ready.status, 200);
    EXPECT_EQ(
        ready.body,
        R"({"status":"ok","checks":[{"name":"catalog","status":"ok"},{"name":"blobs","status":"ok"}]})");
}

TEST(Health, NotReadyNamesTheDependencyAndNoMore) {
    ApiServer api;
    api.blobs_fail = true;
    const Reply reply = api.client().get("/readyz");
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.headers.has("Retry-After"));
    EXPECT_EQ(
        reply.body,
        R"({"status":"failed","checks":[{"name":"catalog","status":"ok"},{"name":"blobs","status":"failed"}]})");
    EXPECT_EQ(api.client().get("/healthz").status, 200);
    EXPECT_EQ(api.house.log.count(telemetry::Level::warn, "not_ready"), 1U);
}

TEST(Health, FiguresNameTheRouteAndNeverThePath) {
    ApiServer api;
    EXPECT_EQ(api.client().get("/v1/jobs/01934b7e-5f00-7abc-8def-0123456789ab").status, 404);
    const Reply reply = api.client().get("/metrics");
    EXPECT_EQ(reply.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(reply.body, HasSubstr("/v1/jobs/{id}"));
    EXPECT_EQ(reply.body.find("01934b7e"), std::string::npos);
}

TEST(Documents, PagesAndTheirFilesAreServed) {
    ApiServer api;
    const std::pair<const char*, std::pair<const char*, const char*>> files[] = {
        {"/", {"<!doctype html>start", "text/html; charset=utf-8"}},
        {"/assets/style.css", {"body{}", "text/css; charset=utf-8"}},
        {"/api-docs", {"<!doctype html>docs", "text/html; charset=utf-8"}},
        {"/api-docs/init.js", {"go()", "text/javascript; charset=utf-8"}},
    };
    for (const auto& [path, expected] : files) {
        const Reply reply = api.client().get(path);
        EXPECT_EQ(reply.status, 200) << path;
        EXPECT_EQ(reply.body, expected.first) << path;
        EXPECT_EQ(reply.headers.get("Content-Type"), expected.second) << path;
        EXPECT_EQ(reply.headers.get("X-Content-Type-Options"), "nosniff") << path;
        EXPECT_THAT(*reply.headers.get("Content-Security-Policy"), HasSubstr("default-src 'self'")) << path;
        EXPECT_EQ(api.client().get(path, {{"If-None-Match", *reply.headers.get("ETag")}}).status, 304)
            << path;
    }
    EXPECT_EQ(api.client().get("/assets/none.css").problem(), "not-found");
    EXPECT_EQ(api.client().get("/assets/..%2findex.html").status, 404);
}

TEST(Documents, ContractIsServed) {
    ApiServer api;
    const Reply reply = api.client().get("/openapi.json");
    EXPECT_EQ(reply.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(reply.json().at("openapi"), "3.1.0");
    EXPECT_EQ(reply.json().at("servers").at(0).at("url"), "/");
}

TEST(Documents, ProblemTypesHavePages) {
    ApiServer api;
    const Reply reply = api.client().get("/problems/variant-not-ready");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(reply.body, HasSubstr("Retry-After"));
    EXPECT_EQ(api.client().get("/problems/nothing").problem(), "not-found");
}

TEST(Documents, WhatTheServerSaysByItselfIsAProblemToo) {
    ApiServer api;
    const Reply nothing = api.client().get("/nothing");
    EXPECT_EQ(nothing.status, 404);
    EXPECT_EQ(nothing.problem(), "not-found");
    EXPECT_EQ(nothing.json().at("instance"), "/nothing");
    EXPECT_EQ(nothing.json().at("request_id"), boost::json::string(*nothing.headers.get("X-Request-Id")));
    const Reply method = api.client().send("PUT", "/v1/jobs", {}, "");
    EXPECT_EQ(method.problem(), "method-not-allowed");
    EXPECT_THAT(*method.headers.get("Allow"), HasSubstr("POST"));
}

/// Refuses everybody.
class ClosedAuthenticator final : public Authenticator {
  public:
    http::Task<Result<Principal>> authenticate(const http::Request&) override {
        co_return failure(ErrorCode::not_found, "Nothing for you.");
    }
};

TEST(Authentication, ComesBeforeTheBodyAndLeavesPagesOpen) {
    ApiServer api;
    ClosedAuthenticator closed;
    http::Router router;
    register_routes(router, api.parts_with(*api.library, closed));
    const auto server = api.serve(router);
    const testing::Client client{server->port()};
    const testing::Connection connection(client.port);
    connection.send(client.head_of("POST", "/v1/jobs", {{"Expect", "100-continue"}}, 1'000));
    EXPECT_TRUE(connection.receive_head().starts_with("HTTP/1.1 404 "));
    EXPECT_EQ(client.get("/v1/jobs").status, 404);
    EXPECT_EQ(client.get("/healthz").status, 200);
    EXPECT_EQ(client.get("/").status, 200);
    EXPECT_EQ(api.ingest.begun, 0);
    server->drain();
}

}  // namespace
}  // namespace safelight
