// The bytes of originals and variants: conditions, ranges, headers, damage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_server.h"
#include "api/testing/passing_library.h"
#include "base/text.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Client;
using ::testing::HasSubstr;
using testing::PassingLibrary;
using testing::Reply;

/// An uploaded picture of that many bytes.
struct Original {
    explicit Original(ApiServer& server, std::size_t size_bytes = 1'000)
        : api(server),
          picture(ApiServer::picture(size_bytes)),
          created(server.client().post("/v1/jobs?filename=c%C3%A4t.jpg", picture)),
          path(ApiServer::image_of(created) + "/original") {}

    [[nodiscard]] Reply get(const testing::Fields& fields = {}) const {
        return api.client().get(path, fields);
    }

    ApiServer& api;
    const std::string picture;
    const Reply created;
    const std::string path;
};

TEST(Content, OriginalComesBackByteForByteWithItsDescription) {
    ApiServer api;
    for (const std::size_t bytes : {std::size_t{1'000}, std::size_t{700'000}}) {
        const Original original(api, bytes);
        const Reply reply = original.get();
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, original.picture);
        const Sha256 sha256 = sha256_of(std::as_bytes(std::span(original.picture)));
        EXPECT_EQ(reply.headers.get("ETag"), "\"" + sha256.to_hex() + "\"");
        EXPECT_EQ(reply.headers.get("Repr-Digest"), "sha-256=:" + base64_encode(sha256.bytes) + ":");
        EXPECT_EQ(reply.headers.get("Content-Type"), "image/jpeg");
        EXPECT_EQ(reply.headers.get("Content-Length"), std::to_string(bytes));
        EXPECT_EQ(reply.headers.get("Accept-Ranges"), "bytes");
        EXPECT_EQ(reply.headers.get("X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(reply.headers.get("Content-Security-Policy"), "sandbox; default-src 'none'");
        EXPECT_EQ(reply.headers.get("Cache-Control"), "private, no-cache");
        EXPECT_THAT(*reply.headers.get("Content-Disposition"), HasSubstr("inline"));
        EXPECT_THAT(*reply.headers.get("Content-Disposition"), HasSubstr("filename*=UTF-8''c%C3%A4t.jpg"));
        EXPECT_TRUE(reply.headers.has("Last-Modified"));
    }
}

TEST(Content, VariantIsAskedForEachTime) {
    ApiServer api;
    const Reply created = api.client().post("/v1/jobs", ApiServer::picture());
    api.work_on(ApiServer::id_of(created));
    const Reply reply = api.client().get(ApiServer::image_of(created) + "/variants/thumbnail");
    EXPECT_EQ(reply.body, "bytes of thumbnail");
    EXPECT_EQ(reply.headers.get("Cache-Control"), "private, no-cache");
    EXPECT_EQ(api.client().get(ApiServer::image_of(created) + "/variants/other").problem(), "not-found");
    const auto variant = api.client().get(ApiServer::image_of(created)).json().at("variants").at(0);
    EXPECT_EQ(variant.at("etag"), boost::json::string(*reply.headers.get("ETag")));
}

TEST(Content, HeadIsTheHeaderOfGet) {
    ApiServer api;
    for (const std::size_t bytes : {std::size_t{1'000}, std::size_t{700'000}}) {
        const Original original(api, bytes);
        const Reply head = api.client().send("HEAD", original.path);
        const Reply get = original.get();
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.body, "");
        for (const char* const name :
             {"Content-Length", "Content-Type", "ETag", "Last-Modified", "Repr-Digest"}) {
            EXPECT_EQ(head.headers.get(name), get.headers.get(name)) << name;
        }
    }
}

TEST(Content, ConditionsAreHonoured) {
    ApiServer api;
    const Original original(api);
    const std::string tag = *original.get().headers.get("ETag");
    const std::string date = *original.get().headers.get("Last-Modified");
    const Reply same = original.get({{"If-None-Match", tag}});
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(same.headers.get("ETag"), tag);
    EXPECT_TRUE(same.headers.has("Cache-Control"));
    EXPECT_EQ(original.get({{"If-Modified-Since", date}}).status, 304);
    EXPECT_EQ(original.get({{"If-None-Match", "\"other\""}, {"If-Modified-Since", date}}).status, 200);
    EXPECT_EQ(original.get({{"If-Match", tag}}).status, 200);
    EXPECT_EQ(original.get({{"If-Match", "\"other\""}}).problem(), "precondition-failed");
    EXPECT_EQ(original.get({{"If-Unmodified-Since", "Mon, 23 Nov 1998 20:08:00 GMT"}}).status, 412);
}

TEST(Content, RangesAreParts) {
    ApiServer api;
    const Original original(api, 200'000);
    const Reply part = original.get({{"Range", "bytes=10-19"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, original.picture.substr(10, 10));
    EXPECT_EQ(part.headers.get("Content-Range"), "bytes 10-19/200000");
    EXPECT_EQ(original.get({{"Range", "bytes=-5"}}).body, original.picture.substr(199'995));
    EXPECT_EQ(original.get({{"Range", "bytes=100-"}}).body, original.picture.substr(100));
    EXPECT_EQ(original.get({{"Range", "bytes=0-"}}).status, 206);
    EXPECT_EQ(original.get({{"Range", "bytes=0-1,5-6"}}).status, 200);
    EXPECT_EQ(original.get({{"Range", "bytes=0-1"}, {"If-Range", "\"other\""}}).status, 200);
    const Reply beyond = original.get({{"Range", "bytes=200000-"}});
    EXPECT_EQ(beyond.problem(), "range-not-satisfiable");
    EXPECT_EQ(beyond.headers.get("Content-Range"), "bytes */200000");
    const Reply head = api.client().send("HEAD", original.path, {{"Range", "bytes=10-19"}});
    EXPECT_EQ(head.body, "");
}

/// Gives other bytes than were stored, of the same number.
class DamagingLibrary final : public PassingLibrary {
  public:
    using PassingLibrary::PassingLibrary;

    Result<Content> open_original(AccountId owner, ImageId id) override {
        TRY_ASSIGN(Content content, PassingLibrary::open_original(owner, id));
        content.sha256.bytes[0] ^= std::byte{1};
        return content;
    }
};

TEST(Content, DamagedBytesAreNeverACompleteAnswer) {
    ApiServer api;
    DamagingLibrary damaging(*api.library);
    http::Router router;
    register_routes(router, api.parts_with(damaging, *api.authenticator));
    const auto server = api.serve(router);
    const Client client{server->port()};

    const Original small(api, 1'000);
    const Reply refused = client.get(small.path);
    EXPECT_EQ(refused.status, 500);
    EXPECT_EQ(refused.problem(), "corrupt-blob");

    const Original large(api, 700'000);
    const Reply cut = client.get(large.path);
    EXPECT_EQ(cut.status, 200);
    EXPECT_EQ(cut.headers.get("Content-Length"), "700000");
    EXPECT_LT(cut.body.size(), 700'000U);
    server->drain();
}

}  // namespace
}  // namespace safelight
