// Signed URLs: what they open without a key, and what they do not.
#include "api/signed_urls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using ::testing::HasSubstr;
using testing::Reply;
using testing::value_of;

const std::string secret = "0123456789abcdef0123456789abcdef";

class SignedUrls : public ::testing::Test {
  protected:
    SignedUrls() { api_.work_on(ApiServer::id_of(created_)); }

    [[nodiscard]] Fields key_of(AccountId account, Scopes scopes) {
        return {
            {"Authorization", "Bearer " + value_of(api_.key_ring.issue({account, "a key", scopes, {}})).text},
            {"Content-Type", "application/json"}};
    }
    [[nodiscard]] Reply ask(const std::string& body, const Fields& fields) const {
        return api_.client().send("POST", "/v1/signed-urls", fields, body);
    }
    /// As the account of the picture is given it.
    [[nodiscard]] std::string signed_url(const std::string& path,
                                         const std::string& expires_in = "60") const {
        const Reply reply = ask(R"({"urls":[")" + path + R"("],"expires_in_s":)" + expires_in + "}", key_);
        EXPECT_EQ(reply.status, 200) << reply.body;
        return std::string(reply.json().at("urls").at(0).as_string());
    }
    [[nodiscard]] std::string thumbnail() const {
        return ApiServer::image_of(created_) + "/variants/thumbnail";
    }
    [[nodiscard]] std::string original() const { return ApiServer::image_of(created_) + "/original"; }

    ApiServer api_{{.asks_for_keys = true, .signed_urls = {.secrets = {secret}}}};
    Fields key_ = key_of(default_account(), {Scope::images_read, Scope::images_write});
    Reply created_ = api_.client().send("POST", "/v1/jobs", {{"Authorization", key_.front().second}},
                                        ApiServer::picture());
};

TEST_F(SignedUrls, OpenPicturesWithoutAKey) {
    ASSERT_EQ(api_.client().get(thumbnail()).status, 401);
    const Reply reply = api_.client().get(signed_url(thumbnail()));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "bytes of thumbnail");
    EXPECT_EQ(api_.client().get(signed_url(original())).body, ApiServer::picture());
    EXPECT_EQ(api_.client().send("HEAD", signed_url(original())).status, 200);
    EXPECT_EQ(api_.client().get(signed_url(original()), {{"Range", "bytes=0-9"}}).status, 206);
    EXPECT_EQ(
        api_.client().get(signed_url(thumbnail()), {{"If-None-Match", *reply.headers.get("ETag")}}).status,
        304);
}

TEST_F(SignedUrls, OpenTheEventsOfAJobToABrowser) {
    const std::string job = "/v1/jobs/" + std::string(created_.json().at("id").as_string());
    const Reply reply = api_.client().get(signed_url(job + "/events"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, HasSubstr("event: job.finished"));
}

TEST_F(SignedUrls, ManyAreSignedInOneCall) {
    const Reply reply = ask(R"({"urls":[")" + thumbnail() + R"(",")" + original() + R"("]})", key_);
    ASSERT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.get("Cache-Control"), "no-store");
    EXPECT_EQ(reply.json().at("urls").as_array().size(), 2U);
    EXPECT_THAT(std::string(reply.json().at("urls").at(1).as_string()),
                ::testing::StartsWith(original() + "?"));
    const auto expires_at = parse_rfc3339(std::string(reply.json().at("expires_at").as_string()));
    ASSERT_TRUE(expires_at);
    EXPECT_LE(*expires_at, api_.clock.now() + std::chrono::hours(1)) << "by default";
    EXPECT_GT(*expires_at, api_.clock.now() + std::chrono::minutes(59));
}

TEST_F(SignedUrls, ThatWereChangedAreRefused) {
    const std::string good = signed_url(thumbnail());
    const std::size_t query = good.find('?');
    const auto refused = [&](const std::string& url) {
        const Reply reply = api_.client().get(url);
        EXPECT_EQ(reply.status, 403) << url;
        EXPECT_EQ(reply.problem(), "invalid-signature") << url;
    };
    for (std::size_t i = good.find("signature=") + 10; i < good.size(); ++i) {
        std::string changed = good;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        refused(changed);
    }
    refused(original() + good.substr(query));
    refused(ApiServer::image_of(created_) + "/variants/%74humbnail" + good.substr(query));
    refused(good + "&v=1");
    refused(good + "&signature=" + good.substr(good.find("signature=") + 10));
    refused(good.substr(0, good.find("&signature=")) + "&signature=");
    std::string later = good;
    later.replace(later.find("expires=") + 8, 1, "2");
    refused(later);
    EXPECT_EQ(api_.client().get(good).status, 200);
    EXPECT_EQ(api_.client().get(good.substr(0, good.find("&signature="))).status, 401)
        << "that is no signed URL";
}

TEST_F(SignedUrls, AreNotOutdoneByAKey) {
    const std::string good = signed_url(thumbnail());
    EXPECT_EQ(api_.client().get(good + "x", key_).status, 403);
    EXPECT_EQ(api_.client().get(good, {{"Authorization", "Bearer nonsense"}}).status, 200);
}

TEST_F(SignedUrls, Expire) {
    const std::string short_lived = signed_url(thumbnail(), "1");
    EXPECT_EQ(api_.client().get(short_lived).status, 200);
    const UrlSigner early({.secrets = {secret}}, api_.clock);
    const Reply reply = api_.client().get(
        value_of(early.sign(thumbnail(), default_account(), api_.clock.now() - Milliseconds{1'000})));
    EXPECT_EQ(reply.status, 403);
    EXPECT_THAT(reply.body, HasSubstr("has expired"));
}

TEST_F(SignedUrls, OpenNothingElse) {
    const std::string good = signed_url(thumbnail());
    const std::string query = good.substr(good.find('?'));
    EXPECT_EQ(api_.client().send("DELETE", ApiServer::image_of(created_) + query).status, 401);
    for (const std::string& path :
         {std::string("/v1/jobs"), ApiServer::image_of(created_), std::string("/v1/events")}) {
        EXPECT_EQ(api_.client().get(path + query).status, 401) << path;
        EXPECT_EQ(api_.client().get(path + query, key_).status, 400) << path << ": no such parameters";
    }
    const std::string spelled = ApiServer::image_of(created_) + "/variants/%74humbnail";
    for (const std::string& path : std::vector<std::string>{
             "", "/v1/jobs", ApiServer::image_of(created_), "/v1/events", "/healthz", original() + "/",
             "/v1/images/x/original", "http://127.0.0.1" + original(), original() + "?a=b", spelled}) {
        const Reply reply = ask(R"({"urls":[")" + path + R"("]})", key_);
        EXPECT_EQ(reply.status, 400) << path;
        EXPECT_EQ(reply.json().at("errors").at(0).at("pointer"), "/urls/0") << path;
    }
}

TEST_F(SignedUrls, ActForWhoAskedForThem) {
    const AccountId other = value_of(api_.key_ring.create_account("other")).id;
    const Reply reply = ask(R"({"urls":[")" + thumbnail() + R"("]})", key_of(other, {Scope::images_read}));
    ASSERT_EQ(reply.status, 200);
    const Reply theirs = api_.client().get(std::string(reply.json().at("urls").at(0).as_string()));
    EXPECT_EQ(theirs.status, 404);
    EXPECT_EQ(theirs.problem(), "not-found");
    EXPECT_EQ(ask(R"({"urls":[")" + thumbnail() + R"("]})", key_of(other, {Scope::images_write})).status,
              403);
}

TEST_F(SignedUrls, AreAskedForInWords) {
    const std::string one = R"({"urls":[")" + thumbnail() + R"("])";
    for (const std::string& body :
         {std::string("{}"), std::string(R"({"urls":[]})"), std::string(R"({"urls":"x"})"),
          std::string(R"({"urls":[1]})"), one + R"(,"expires_in_s":0})", one + R"(,"expires_in_s":604801})",
          one + R"(,"other":1})"}) {
        EXPECT_EQ(ask(body, key_).status, 400) << body;
    }
    EXPECT_EQ(ask(one + R"(,"expires_in_s":604800})", key_).status, 200);
    std::string many = R"({"urls":[)";
    for (int i = 0; i < 101; ++i) many += (i == 0 ? "\"" : ",\"") + thumbnail() + "\"";
    EXPECT_EQ(ask(many + "]}", key_).status, 400);
}

TEST(SignedUrlsWithoutASecret, AreNeitherMadeNorTaken) {
    ApiServer api;
    const Reply created = api.client().post("/v1/jobs", ApiServer::picture());
    const std::string path = ApiServer::image_of(created) + "/original";
    const Reply asked = api.client().send("POST", "/v1/signed-urls", {{"Content-Type", "application/json"}},
                                          R"({"urls":[")" + path + R"("]})");
    EXPECT_EQ(asked.status, 409);
    EXPECT_THAT(asked.body, HasSubstr("SAFELIGHT_SIGNED_URL_SECRETS"));
    const UrlSigner signer({.secrets = {secret}}, api.clock);
    const auto url = value_of(signer.sign(path, default_account(), api.clock.now() + std::chrono::hours(1)));
    EXPECT_EQ(api.client().get(url).status, 403);
    EXPECT_EQ(api.client().get(path + "?account=x").status, 400);
}

}  // namespace
}  // namespace safelight
