#include "api/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using ::testing::HasSubstr;
using testing::Reply;

TEST(AllowedOriginsText, IsWhatBrowsersSend) {
    for (const char* text : {"", "*", "https://shop.example", "https://shop.example,http://localhost:3000",
                             "http://[::1]:8080", "https://a_b.example"}) {
        const auto allowed = AllowedOrigins::parse(text);
        ASSERT_TRUE(allowed) << text;
        EXPECT_EQ(allowed->to_text(), text);
    }
    EXPECT_EQ(AllowedOrigins::parse(" https://a.example , https://b.example ")->to_text(),
              "https://a.example,https://b.example");
    for (const char* text : {"shop.example", "https://", "https://shop.example/", "https://Shop.example",
                             "https://shop.example:443", "http://shop.example:80", "ftp://shop.example",
                             "null", "https://shop.example,", "https://*.example", "*,https://a.example",
                             "https://user@shop.example", "https://shop.example?x"})
        EXPECT_FALSE(AllowedOrigins::parse(text)) << text;
}

TEST(AllowedOriginsText, SaysWhoIsMeant) {
    const auto allowed = *AllowedOrigins::parse("https://shop.example");
    EXPECT_TRUE(allowed.contain("https://shop.example"));
    for (const char* other : {"http://shop.example", "https://shop.example:8443",
                              "https://shop.example.evil.example", "https://evil.example", "null", ""})
        EXPECT_FALSE(allowed.contain(other)) << other;
    EXPECT_TRUE(AllowedOrigins::parse("*")->contain("https://any.example"));
    EXPECT_FALSE(AllowedOrigins().contain("https://any.example"));
}

class Cors : public ::testing::Test {
  protected:
    [[nodiscard]] Reply get(const std::string& path, const std::string& origin) const {
        return api_.client().get(path, {{"Origin", origin}});
    }
    [[nodiscard]] Reply preflight(const std::string& path, const std::string& origin,
                                  const std::string& method = "POST") const {
        return api_.client().send("OPTIONS", path,
                                  {{"Origin", origin},
                                   {"Access-Control-Request-Method", method},
                                   {"Access-Control-Request-Headers", "authorization,upload-length"}});
    }

    ApiServer api_{{.asks_for_keys = true, .origins = *AllowedOrigins::parse("https://shop.example")}};
};

TEST_F(Cors, PagesOfAllowedOriginsReadAnswersAndRefusals) {
    for (const char* path : {"/v1/jobs", "/v1/nothing", "/", "/openapi.json"}) {
        const Reply reply = get(path, "https://shop.example");
        EXPECT_EQ(reply.headers.get("Access-Control-Allow-Origin"), "https://shop.example") << path;
        EXPECT_EQ(reply.headers.get("Vary"), "Origin") << path;
        EXPECT_THAT(*reply.headers.get("Access-Control-Expose-Headers"), HasSubstr("Upload-Offset"));
        EXPECT_FALSE(reply.headers.has("Access-Control-Allow-Credentials"));
    }
    EXPECT_EQ(get("/v1/jobs", "https://shop.example").status, 401) << "no less asked for a key";
}

TEST_F(Cors, PagesOfOthersDoNot) {
    for (const char* origin : {"https://evil.example", "null", "https://shop.example.evil.example"}) {
        const Reply reply = get("/openapi.json", origin);
        EXPECT_FALSE(reply.headers.has("Access-Control-Allow-Origin")) << origin;
        EXPECT_EQ(reply.headers.get("Vary"), "Origin") << "a cache keeps them apart";
        const Reply asked = preflight("/v1/jobs", origin);
        EXPECT_EQ(asked.status, 405) << origin;
        EXPECT_FALSE(asked.headers.has("Access-Control-Allow-Methods")) << origin;
    }
    EXPECT_EQ(api_.client().get("/openapi.json").headers.get("Vary"), "Origin");
}

TEST_F(Cors, APreflightNeedsNoKey) {
    for (const char* path : {"/v1/jobs", "/v1/uploads", "/v1/images/x"}) {
        const Reply reply = preflight(path, "https://shop.example");
        EXPECT_EQ(reply.status, 204) << path;
        EXPECT_EQ(reply.body, "");
        EXPECT_EQ(reply.headers.get("Access-Control-Allow-Origin"), "https://shop.example");
        EXPECT_THAT(*reply.headers.get("Access-Control-Allow-Methods"), HasSubstr("PATCH"));
        EXPECT_EQ(reply.headers.get("Access-Control-Allow-Headers"), "authorization,upload-length");
        EXPECT_EQ(reply.headers.get("Access-Control-Max-Age"), "7200");
        EXPECT_EQ(reply.headers.get("Vary"), "Origin");
        for (const char* of_a_refusal : {"Content-Type", "Allow", "Retry-After"})
            EXPECT_FALSE(reply.headers.has(of_a_refusal)) << of_a_refusal;
    }
    EXPECT_EQ(api_.client().send("OPTIONS", "/v1/jobs", {{"Origin", "https://shop.example"}}).status, 405)
        << "that is no preflight";
}

TEST_F(Cors, WhatAProcessSaysOfItselfIsForNoPage) {
    for (const char* path : {"/healthz", "/readyz", "/metrics"})
        EXPECT_FALSE(get(path, "https://shop.example").headers.has("Access-Control-Allow-Origin")) << path;
}

TEST(CorsOff, ByDefaultNothingIsSaid) {
    ApiServer api;
    const Reply reply = api.client().get("/openapi.json", {{"Origin", "https://shop.example"}});
    EXPECT_FALSE(reply.headers.has("Access-Control-Allow-Origin"));
    EXPECT_FALSE(reply.headers.has("Vary"));
}

TEST(CorsForAll, IsSaidWithAStar) {
    ApiServer api({.origins = *AllowedOrigins::parse("*")});
    const Reply reply = api.client().get("/openapi.json", {{"Origin", "https://any.example"}});
    EXPECT_EQ(reply.headers.get("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(api.client().get("/openapi.json").headers.get("Access-Control-Allow-Origin"), "*")
        << "a cache may give it to another";
    EXPECT_FALSE(reply.headers.has("Vary"));
}

}  // namespace
}  // namespace safelight
