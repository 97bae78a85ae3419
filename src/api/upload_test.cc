// POST /v1/jobs: forms and raw bodies, their limits, digests, and what is left behind.
#include "api/upload.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>

#include "api/testing/api_server.h"
#include "base/text.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Client;
using testing::Fields;
using testing::Form;
using testing::Reply;

std::string digest_of(std::string_view text) {
    return "sha-256=:" + base64_encode(sha256_of(std::as_bytes(std::span(text))).bytes) + ":";
}

std::set<std::string> variants_of(const Reply& reply) {
    std::set<std::string> names;
    const auto document = reply.json();
    for (const auto& variant : document.at("image").at("variants").as_array())
        names.emplace(variant.at("name").as_string());
    return names;
}

/// Waits until no upload is left, and looks at the store and the ledger.
void expect_nothing_left(ApiServer& api) {
    for (int alive = api.ingest.alive; alive != 0; alive = api.ingest.alive) api.ingest.alive.wait(alive);
    api.house.expect_nothing();
}

TEST(Upload, FormWithFieldsOnBothSidesOfTheFile) {
    ApiServer api;
    const std::string body = Form()
                                 .field("variants", R"([{"name":"a","transform":{"format":"png"}}])")
                                 .file("kitten.jpg", ApiServer::picture())
                                 .field("metadata", R"({ "album": "7" })")
                                 .body();
    const Reply reply = api.client().post("/v1/jobs", body, Form::fields());
    ASSERT_EQ(reply.status, 202) << reply.body;
    EXPECT_EQ(variants_of(reply), std::set<std::string>{"a"});
    EXPECT_EQ(reply.json().at("metadata").at("album"), "7");
    EXPECT_EQ(reply.json().at("image").at("filename"), "kitten.jpg");
    EXPECT_EQ(reply.json().at("image").at("bytes"), 1'000);
    api.house.expect_in_order();
}

TEST(Upload, RawBodyWithItsDetailsInTheQuery) {
    ApiServer api;
    const Reply reply = api.client().post("/v1/jobs?variants=&filename=a%20b.jpg&metadata=%7B%22n%22%3A1%7D",
                                          ApiServer::picture(), {{"Content-Type", "image/jpeg"}});
    ASSERT_EQ(reply.status, 202) << reply.body;
    EXPECT_EQ(reply.json().at("status"), "UNPROCESSED");
    EXPECT_EQ(reply.json().at("image").at("filename"), "a b.jpg");
    EXPECT_EQ(reply.json().at("metadata").at("n"), 1);
    EXPECT_EQ(reply.headers.get("Retry-After"), std::nullopt);
}

TEST(Upload, DefaultVariantsWhenNoneAreNamed) {
    ApiServer api;
    EXPECT_EQ(variants_of(api.client().post("/v1/jobs", ApiServer::picture())),
              std::set<std::string>{"thumbnail"});
    const std::string form = Form().file("a.jpg", ApiServer::picture()).body();
    EXPECT_EQ(variants_of(api.client().post("/v1/jobs", form, Form::fields())),
              std::set<std::string>{"thumbnail"});
    EXPECT_EQ(variants_of(api.client().post("/v1/jobs?variants=", form, Form::fields())),
              std::set<std::string>{});
}

TEST(Upload, ValuesMayBeGivenOnce) {
    ApiServer api;
    const std::string form = Form().file("a.jpg", ApiServer::picture()).field("variants", "thumbnail").body();
    const Reply both = api.client().post("/v1/jobs?variants=thumbnail&filename=b.jpg", form, Form::fields());
    EXPECT_EQ(both.status, 400);
    EXPECT_EQ(both.json().at("errors").as_array().size(), 2U);
    EXPECT_EQ(api.client().post("/v1/jobs?variants=&variants=", ApiServer::picture()).status, 400);
    api.house.expect_nothing();
}

TEST(Upload, MalformedFormsAreRefusedAndLeaveNothing) {
    ApiServer api;
    const std::string picture = ApiServer::picture();
    const std::pair<std::string, const char*> forms[] = {
        {Form().file("a", picture).file("b", picture).body(), "/file"},
        {Form().file("a", picture).field("colour", "red").body(), "/colour"},
        {Form().file("a", picture).field("metadata", "[]").body(), "/metadata"},
        {Form().file("a", picture).field("metadata", "{}").field("metadata", "{}").body(), "/metadata"},
        {Form().file("a", picture).field("variants", "nothing").body(), "/variants"},
        {Form().file("a", picture).field("metadata", std::string(65 * 1'024, ' ')).body(), "/metadata"},
        {Form().field("variants", "thumbnail").body(), "/file"},
    };
    for (const auto& [form, pointer] : forms) {
        const Reply reply = api.client().post("/v1/jobs", form, Form::fields());
        EXPECT_EQ(reply.status, 400) << pointer;
        EXPECT_EQ(reply.json().at("errors").at(0).at("pointer"), pointer);
    }
    EXPECT_EQ(api.client().post("/v1/jobs", Form().file("a", "").body(), Form::fields()).problem(),
              "empty-payload");
    const std::string whole = Form().file("a", picture).body();
    EXPECT_EQ(api.client().post("/v1/jobs", whole.substr(0, whole.size() - 9), Form::fields()).status, 400);
    EXPECT_EQ(api.client().post("/v1/jobs", whole, {{"Content-Type", "multipart/form-data"}}).status, 400);
    EXPECT_EQ(api.ingest.begun, 0);
    api.house.expect_nothing();
}

TEST(Upload, FaultAfterALargeFileLeavesNothing) {
    ApiServer api;
    const std::string form = Form().file("a", ApiServer::picture(900'000)).field("colour", "red").body();
    EXPECT_EQ(api.client().post("/v1/jobs", form, Form::fields()).status, 400);
    EXPECT_EQ(api.ingest.begun, 1);
    expect_nothing_left(api);
}

TEST(Upload, TypesThatAreNoPictureAreRefusedUnread) {
    ApiServer api;
    for (const char* const type :
         {"application/json", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x"}) {
        EXPECT_EQ(api.client().post("/v1/jobs", "{}", {{"Content-Type", type}}).problem(),
                  "unsupported-media-type");
    }
    EXPECT_EQ(api.client().post("/v1/jobs", ApiServer::picture(), {{"Content-Encoding", "gzip"}}).problem(),
              "unsupported-media-type");
    EXPECT_EQ(
        api.client().post("/v1/jobs", "GIF is what this is not", {{"Content-Type", "image/gif"}}).problem(),
        "unsupported-image");
    EXPECT_EQ(api.client().post("/v1/jobs", "").problem(), "empty-payload");
    expect_nothing_left(api);
}

TEST(Upload, TooLongIsRefusedBeforeItIsSent) {
    ApiServer api;
    const Client client = api.client();
    const testing::Connection connection(client.port);
    connection.send(client.head_of("POST", "/v1/jobs", {{"Expect", "100-continue"}},
                                   testing::test_picture_bytes_max + 1));
    const Reply reply = testing::parse_reply(connection.receive_all());
    EXPECT_EQ(reply.status, 413);
    EXPECT_EQ(reply.problem(), "payload-too-large");
    EXPECT_EQ(api.ingest.begun, 0);
}

TEST(Upload, ContinueIsSaidOnlyToWhatMayBeServed) {
    ApiServer api;
    const Client client = api.client();
    const std::string picture = ApiServer::picture();
    const testing::Connection connection(client.port);
    connection.send(client.head_of("POST", "/v1/jobs", {{"Expect", "100-continue"}}, picture.size()));
    EXPECT_TRUE(connection.receive_head().starts_with("HTTP/1.1 100 "));
    connection.send(picture);
    EXPECT_EQ(testing::parse_reply(connection.receive_all()).status, 202);

    const testing::Connection refused(client.port);
    refused.send(client.head_of("POST", "/v1/jobs?colour=red", {{"Expect", "100-continue"}}, picture.size()));
    EXPECT_TRUE(refused.receive_head().starts_with("HTTP/1.1 400 "));
}

TEST(Upload, ThePictureLimitIsExact) {
    ApiServer api;
    constexpr auto bytes_max = testing::test_picture_bytes_max;
    EXPECT_EQ(api.client().post("/v1/jobs", ApiServer::picture(bytes_max)).status, 202);
    const auto form = [](std::size_t bytes) { return Form().file("a", ApiServer::picture(bytes)).body(); };
    EXPECT_EQ(api.client().post("/v1/jobs", form(bytes_max), Form::fields()).status, 202);
    EXPECT_EQ(api.client().post("/v1/jobs", form(bytes_max + 1), Form::fields()).problem(),
              "payload-too-large");
}

std::string chunked(std::string_view body) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    return size + std::string(body) + "\r\n0\r\n\r\n";
}

TEST(Upload, ChunkedBodiesAreCutAtTheLimit) {
    ApiServer api;
    const Client client = api.client();
    const std::pair<std::size_t, int> cases[] = {
        {1'000, 202}, {600'000, 202}, {testing::test_picture_bytes_max + 1, 413}};
    for (const auto& [bytes, status] : cases) {
        const testing::Connection connection(client.port);
        connection.send(client.head_of("POST", "/v1/jobs", {{"Transfer-Encoding", "chunked"}}, std::nullopt));
        connection.send(chunked(ApiServer::picture(bytes)));
        EXPECT_EQ(testing::parse_reply(connection.receive_all()).status, status) << bytes;
    }
    for (int alive = api.ingest.alive; alive != 0; alive = api.ingest.alive) api.ingest.alive.wait(alive);
    api.house.expect_in_order();
    EXPECT_EQ(api.house.stored().size(), 2U);
}

TEST(Upload, ASmallPictureIsWrittenAtOnceAndALargeOneInBoundedPieces) {
    ApiServer api;
    EXPECT_EQ(api.client().post("/v1/jobs", ApiServer::picture(upload_piece_bytes)).status, 202);
    EXPECT_EQ(api.ingest.writes, 1);
    const std::string form = Form().file("a", ApiServer::picture(upload_piece_bytes)).body();
    EXPECT_EQ(api.client().post("/v1/jobs", form, Form::fields()).status, 202);
    EXPECT_EQ(api.ingest.writes, 2);
    EXPECT_EQ(api.client().post("/v1/jobs", ApiServer::picture(1'000'000)).status, 202);
    EXPECT_GE(api.ingest.writes, 4);
    EXPECT_LE(api.ingest.largest_write, upload_piece_bytes + 64 * 1'024);
}

TEST(Upload, DigestOfARawBodyIsThatOfThePicture) {
    ApiServer api;
    const std::string picture = ApiServer::picture();
    EXPECT_EQ(api.client().post("/v1/jobs", picture, {{"Content-Digest", digest_of(picture)}}).status, 202);
    EXPECT_EQ(api.client().post("/v1/jobs", picture, {{"Content-Digest", digest_of("other")}}).problem(),
              "digest-mismatch");
    EXPECT_EQ(api.client().post("/v1/jobs", picture, {{"Content-Digest", "sha-256=broken"}}).status, 400);
    EXPECT_EQ(api.client().post("/v1/jobs", picture, {{"Content-Digest", "sha-256=:AAAA:"}}).status, 400);
    EXPECT_EQ(api.client().post("/v1/jobs", picture, {{"Content-Digest", "sha-512=:AAAA:"}}).status, 202);
    EXPECT_EQ(api.house.stored().size(), 2U);
}

TEST(Upload, DigestOfAFormIsThatOfTheWholeBody) {
    ApiServer api;
    for (const std::size_t bytes : {std::size_t{1'000}, std::size_t{900'000}}) {
        const std::string form = Form().file("a", ApiServer::picture(bytes)).body();
        const auto post = [&](const std::string& digest) {
            Fields fields = Form::fields();
            fields.emplace_back("Content-Digest", digest);
            return api.client().post("/v1/jobs", form, fields);
        };
        const Reply wrong = post(digest_of(ApiServer::picture(bytes)));
        EXPECT_EQ(wrong.status, 400);
        EXPECT_EQ(wrong.problem(), "digest-mismatch");
        expect_nothing_left(api);
        const Reply right = post(digest_of(form));
        EXPECT_EQ(right.status, 202) << right.body;
        EXPECT_EQ(api.client().send("DELETE", *right.headers.get("Location")).status, 204);
    }
}

TEST(Upload, AClientThatGoesAwayLeavesNothing) {
    ApiServer api;
    const Client client = api.client();
    for (const std::size_t sent : {std::size_t{10}, std::size_t{500'000}, std::size_t{899'999}}) {
        const testing::Connection connection(client.port);
        connection.send(client.head_of("POST", "/v1/jobs", {}, 900'000));
        connection.send(std::string_view(ApiServer::picture(900'000)).substr(0, sent));
    }
    api.server->drain();
    expect_nothing_left(api);
    EXPECT_EQ(api.ingest.finished, 0);
}

TEST(Upload, TroubleWithTheStoreIsAProblemThatPasses) {
    ApiServer api;
    api.house.script.before("create_job",
                            [] { return Error{ErrorCode::storage_full, "No space is left.", {}, {}}; });
    const Reply full = api.client().post("/v1/jobs", ApiServer::picture());
    EXPECT_EQ(full.status, 507);
    EXPECT_TRUE(full.headers.has("Retry-After"));
    expect_nothing_left(api);
}

TEST(Upload, AFullPoolIsSaidAtOnce) {
    // Outlives the pool, whose work waits for it.
    std::atomic<bool> open = false;
    std::latch busy(testing::test_pool_threads);
    ApiServer api;
    for (std::size_t i = 0; i < testing::test_pool_threads; ++i) {
        ASSERT_TRUE(api.pool.submit([&] {
            busy.count_down();
            open.wait(false);
        }));
    }
    busy.wait();
    // Nobody takes anything from the queue now: once it refuses, it is full until the end.
    while (api.pool.submit([] {})) continue;
    const Reply reply = api.client().post("/v1/jobs", ApiServer::picture());
    open = true;
    open.notify_all();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.problem(), "overloaded");
    EXPECT_TRUE(reply.headers.has("Retry-After"));
}

}  // namespace
}  // namespace safelight
