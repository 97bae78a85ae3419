#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using ::testing::HasSubstr;
using testing::Reply;

class AccountsTest : public ::testing::Test {
  protected:
    Reply post(const std::string& path, const std::string& json) {
        Fields fields = admin_;
        fields.emplace_back("Content-Type", "application/json");
        return api_.client().post(path, json, fields);
    }
    Reply get(const std::string& path) { return api_.client().get(path, admin_); }
    static std::string text_of(const Reply& reply, const char* member) {
        return std::string(reply.json().at(member).as_string());
    }
    static std::vector<std::string> pointers_of(const Reply& reply) {
        std::vector<std::string> pointers;
        for (const auto& fault : reply.json().at("errors").as_array())
            pointers.emplace_back(fault.at("pointer").as_string());
        return pointers;
    }

    ApiServer api_{{.asks_for_keys = true}};
    Fields admin_{
        {"Authorization",
         "Bearer " +
             testing::value_of(api_.key_ring.issue({default_account(), "admin", {Scope::admin}, {}})).text}};
};

TEST_F(AccountsTest, AnAccountIsMadeFoundAndListed) {
    const Reply made = post("/v1/accounts", R"({"name":"shop"})");
    ASSERT_EQ(made.status, 201);
    const std::string path = *made.headers.get("Location");
    EXPECT_EQ(path, "/v1/accounts/" + text_of(made, "id"));
    EXPECT_EQ(get(path).json(), made.json());
    const Reply first = get("/v1/accounts?limit=1");
    EXPECT_EQ(first.json().at("items").as_array().size(), 1U);
    EXPECT_THAT(*first.headers.get("Link"), HasSubstr("rel=\"next\""));
    const Reply second = get("/v1/accounts?cursor=" + text_of(first, "next_cursor"));
    EXPECT_EQ(second.json().at("items").as_array().size(), 1U);
    EXPECT_EQ(second.json().at("items").at(0), made.json());
    EXPECT_TRUE(second.json().at("next_cursor").is_null());
}

TEST_F(AccountsTest, FaultsOfAnAccountAreNamed) {
    EXPECT_EQ(post("/v1/accounts", R"({"name":"default"})").status, 409);
    EXPECT_EQ(pointers_of(post("/v1/accounts", R"({"name":""})")), std::vector<std::string>{"/name"});
    EXPECT_EQ(pointers_of(post("/v1/accounts", R"({"name":"a","colour":"red"})")),
              std::vector<std::string>{"/colour"});
    EXPECT_EQ(post("/v1/accounts", "[]").status, 400);
    EXPECT_EQ(post("/v1/accounts", "").status, 400);
    EXPECT_EQ(api_.client().post("/v1/accounts", "{}", admin_).status, 415);
    EXPECT_EQ(get("/v1/accounts/01934b7e-5f00-7abc-8def-0123456789ab").status, 404);
    EXPECT_EQ(get("/v1/accounts?status=x").status, 400);
}

TEST_F(AccountsTest, AKeyIsShownOnceAndOpens) {
    const Reply made =
        post("/v1/keys", R"({"name":"phone","scopes":["images:read"],"expires_at":"2999-01-01T00:00:00Z"})");
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(made.headers.get("Cache-Control"), "no-store");
    EXPECT_EQ(text_of(made, "account_id"), default_account().to_string());
    EXPECT_EQ(text_of(made, "expires_at"), "2999-01-01T00:00:00.000Z");
    const Reply found = get(*made.headers.get("Location"));
    EXPECT_EQ(found.status, 200);
    EXPECT_EQ(found.body.find("sl_live_"), std::string::npos);
    EXPECT_TRUE(found.json().at("last_used_at").is_null());
    const Fields fields{{"Authorization", "Bearer " + text_of(made, "key")}};
    EXPECT_EQ(api_.client().get("/v1/jobs", fields).status, 200);
    api_.access.write_uses();
    EXPECT_TRUE(get(*made.headers.get("Location")).json().at("last_used_at").is_string());
}

TEST_F(AccountsTest, FaultsOfAKeyAreNamed) {
    EXPECT_EQ(
        pointers_of(post("/v1/keys", R"({"name":"","scopes":["all"],"account_id":"x","expires_at":"soon"})")),
        (std::vector<std::string>{"/scopes", "/account_id", "/expires_at"}));
    EXPECT_EQ(pointers_of(post("/v1/keys", R"({"scopes":["admin"]})")), std::vector<std::string>{"/name"});
    EXPECT_EQ(pointers_of(post(
                  "/v1/keys",
                  R"({"name":"a","scopes":["admin"],"account_id":"01934b7e-5f00-7abc-8def-0123456789ab"})")),
              std::vector<std::string>{"/account_id"});
    EXPECT_EQ(pointers_of(
                  post("/v1/keys", R"({"name":"a","scopes":["admin"],"expires_at":"2020-01-01T00:00:00Z"})")),
              std::vector<std::string>{"/expires_at"});
}

TEST_F(AccountsTest, KeysAreListedByAccount) {
    const std::string shop = text_of(post("/v1/accounts", R"({"name":"shop"})"), "id");
    ASSERT_EQ(post("/v1/keys", R"({"name":"a","scopes":["admin"],"account_id":")" + shop + R"("})").status,
              201);
    const Reply of_shop = get("/v1/keys?account_id=" + shop);
    EXPECT_EQ(of_shop.json().at("items").as_array().size(), 1U);
    EXPECT_EQ(of_shop.body.find("sl_live_"), std::string::npos);
    EXPECT_EQ(get("/v1/keys").json().at("items").as_array().size(), 2U);
    EXPECT_EQ(get("/v1/keys?account_id=shop").status, 400);
    EXPECT_EQ(get("/v1/keys?limit=1").json().at("items").as_array().size(), 1U);
}

TEST_F(AccountsTest, ARevokedKeyIsRefused) {
    const Reply made = post("/v1/keys", R"({"name":"a","scopes":["images:read"]})");
    const std::string path = *made.headers.get("Location");
    EXPECT_EQ(api_.client().send("DELETE", path, admin_, "").status, 204);
    EXPECT_EQ(api_.client().send("DELETE", path, admin_, "").status, 204);
    EXPECT_TRUE(get(path).json().at("revoked_at").is_string());
    const Fields fields{{"Authorization", "Bearer " + text_of(made, "key")}};
    EXPECT_EQ(api_.client().get("/v1/jobs", fields).status, 401);
    EXPECT_EQ(
        api_.client().send("DELETE", "/v1/keys/01934b7e-5f00-7abc-8def-0123456789ab", admin_, "").status,
        404);
}

TEST_F(AccountsTest, ARotatedKeyHasASuccessor) {
    const Reply old = post("/v1/keys", R"({"name":"a","scopes":["images:read"]})");
    const std::string path = *old.headers.get("Location") + "/rotate";
    const Reply made = post(path, R"({"grace_s":3600})");
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(text_of(made, "name"), "a");
    for (const Reply* each : {&old, &made}) {
        const Fields fields{{"Authorization", "Bearer " + text_of(*each, "key")}};
        EXPECT_EQ(api_.client().get("/v1/jobs", fields).status, 200);
    }
    EXPECT_EQ(api_.client().post(path, "", admin_).status, 201) << "at once, without a body";
    const Fields fields{{"Authorization", "Bearer " + text_of(old, "key")}};
    EXPECT_EQ(api_.client().get("/v1/jobs", fields).status, 401);
    EXPECT_EQ(post(path, "{}").status, 409);
    EXPECT_EQ(pointers_of(post(*made.headers.get("Location") + "/rotate", R"({"grace_s":-1})")),
              std::vector<std::string>{"/grace_s"});
}

}  // namespace
}  // namespace safelight
