// Redirects to the store: which requests are sent on, and what the target is told to say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_server.h"
#include "base/text.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Client;
using ::testing::HasSubstr;
using testing::Reply;

constexpr std::uint64_t bytes_min = 10'000;

/// Remembers what it was asked for.
class RecordingLinks final : public BlobLinks {
  public:
    Result<std::string> link_to(BlobKey key, const LinkOptions& options) override {
        ++calls;
        last = options;
        if (fails) return failure(ErrorCode::unavailable, "The storage is not available.", "no credentials");
        return "https://store.example/" + key.to_string() + "?signature";
    }
    std::atomic<int> calls = 0;
    std::atomic<bool> fails = false;
    LinkOptions last;
};

class OriginalLink : public ::testing::Test {
  protected:
    OriginalLink() {
        register_routes(router, api.parts_with(*api.library, *api.authenticator,
                                               {&links, bytes_min, std::chrono::seconds(60)}));
        server = api.serve(router);
    }
    ~OriginalLink() override { server->drain(); }

    [[nodiscard]] Client client() const { return {server->port()}; }
    [[nodiscard]] std::string uploaded(std::size_t size) {
        return ApiServer::image_of(
                   client().post("/v1/jobs?filename=c%C3%A4t.jpg", ApiServer::picture(size))) +
               "/original";
    }

    ApiServer api;
    RecordingLinks links;
    http::Router router;
    std::unique_ptr<http::Server> server;
};

TEST_F(OriginalLink, ALargeOriginalIsFetchedFromTheStore) {
    const Reply reply = client().get(uploaded(bytes_min));
    EXPECT_EQ(reply.status, 307);
    EXPECT_THAT(*reply.headers.get("Location"), HasSubstr("https://store.example/"));
    EXPECT_EQ(reply.headers.get("Cache-Control"), "private, no-store");
    EXPECT_EQ(reply.body, "");
    EXPECT_FALSE(reply.headers.has("Content-Type"));
    EXPECT_EQ(links.last.method, LinkMethod::get);
    EXPECT_EQ(links.last.valid_for, std::chrono::seconds(60));
    EXPECT_EQ(links.last.content_type, "image/jpeg");
    EXPECT_THAT(links.last.content_disposition, HasSubstr("inline; "));
    EXPECT_THAT(links.last.content_disposition, HasSubstr("filename*=UTF-8''c%C3%A4t.jpg"));
}

TEST_F(OriginalLink, AHeadGetsALinkOfItsOwn) {
    const Reply reply = client().send("HEAD", uploaded(bytes_min));
    EXPECT_EQ(reply.status, 307);
    EXPECT_EQ(links.last.method, LinkMethod::head);
}

TEST_F(OriginalLink, ASmallOneComesFromHere) {
    const Reply reply = client().get(uploaded(bytes_min - 1));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body.size(), bytes_min - 1);
    EXPECT_EQ(links.calls, 0);
}

TEST_F(OriginalLink, WhatNobodyMaySeeHasNoLink) {
    const Reply reply = client().get("/v1/images/01934b7e-5f00-7abc-8def-0123456789ab/original");
    EXPECT_EQ(reply.status, 404);
    const std::string path = uploaded(bytes_min);
    ASSERT_EQ(client().send("DELETE", path.substr(0, path.rfind('/'))).status, 204);
    EXPECT_EQ(client().get(path).status, 404);
    EXPECT_EQ(client().get(path + "?colour=red").status, 400);
    EXPECT_EQ(links.calls, 0);
}

TEST_F(OriginalLink, ConditionsAreDecidedHere) {
    const std::string path = uploaded(bytes_min);
    const std::string picture = ApiServer::picture(bytes_min);
    const auto sha256 = sha256_of(std::as_bytes(std::span(picture)));
    const std::string etag = "\"" + sha256.to_hex() + "\"";
    EXPECT_EQ(client().get(path, {{"If-None-Match", etag}}).status, 304);
    EXPECT_EQ(client().get(path, {{"If-None-Match", "\"other\""}}).status, 307);
    // The store would compare these with validators of its own.
    EXPECT_EQ(client().get(path, {{"If-Match", etag}}).status, 200);
    EXPECT_EQ(client().get(path, {{"If-Match", "\"other\""}}).status, 412);
    EXPECT_EQ(client().get(path, {{"If-Unmodified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}}).status, 200);
}

TEST_F(OriginalLink, WhatABrowserCouldExecuteComesFromHere) {
    api.house.renderer.on_probe([](ByteSource&) -> Result<ImageFacts> {
        ImageFacts facts = testing::ScriptedRenderer::facts();
        facts.format = Format::svg;
        return facts;
    });
    const Reply reply = client().get(uploaded(bytes_min));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.get("Content-Type"), "image/svg+xml");
    EXPECT_EQ(reply.headers.get("Content-Security-Policy"), "sandbox; default-src 'none'");
    EXPECT_EQ(links.calls, 0);
}

TEST_F(OriginalLink, APartIsForTheStoreToSend) {
    EXPECT_EQ(client().get(uploaded(bytes_min), {{"Range", "bytes=0-9"}}).status, 307);
}

TEST_F(OriginalLink, WithoutALinkTheAnswerSaysSo) {
    links.fails = true;
    const Reply reply = client().get(uploaded(bytes_min));
    EXPECT_EQ(reply.status, 503);
    EXPECT_FALSE(reply.headers.has("Location"));
}

TEST_F(OriginalLink, VariantsComeFromHere) {
    const Reply created = client().post("/v1/jobs?variants=thumbnail", ApiServer::picture(bytes_min));
    api.work_on(ApiServer::id_of(created));
    EXPECT_EQ(client().get(ApiServer::image_of(created) + "/variants/thumbnail").status, 200);
    EXPECT_EQ(links.calls, 0);
}

}  // namespace
}  // namespace safelight
