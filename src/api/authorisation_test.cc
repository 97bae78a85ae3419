#include "api/authorisation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/api_key_text.h"
#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using ::testing::HasSubstr;
using testing::Reply;

class AuthorisationTest : public ::testing::Test {
  protected:
    std::string issue(Scopes scopes, AccountId account = default_account()) {
        return testing::value_of(api_.key_ring.issue({account, "a key", scopes, {}})).text;
    }
    static Fields with(const std::string& key) { return {{"Authorization", "Bearer " + key}}; }

    ApiServer api_{{.asks_for_keys = true}};
};

TEST_F(AuthorisationTest, WithoutAKeyNothingIsToBeHadButPages) {
    const Reply refused = api_.client().get("/v1/jobs");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.problem(), "unauthenticated");
    EXPECT_EQ(refused.headers.get("WWW-Authenticate"), "Bearer realm=\"safelight\"");
    for (const char* path : {"/", "/openapi.json", "/healthz", "/problems/unauthenticated"})
        EXPECT_EQ(api_.client().get(path).status, 200) << path;
}

TEST_F(AuthorisationTest, WhatIsNoKeyIsRefused) {
    const std::string good = issue({Scope::images_read});
    for (const std::string& field :
         {std::string("Bearer"), std::string("Bearer "), "Basic " + good, good, "Bearer " + good + "x",
          "Bearer " + good + ", Bearer " + good, "Bearer " + make_api_key_text().text}) {
        EXPECT_EQ(api_.client().get("/v1/jobs", {{"Authorization", field}}).status, 401) << field;
    }
    EXPECT_EQ(api_.client().get("/v1/jobs", with(good + "x")).headers.get("WWW-Authenticate"),
              "Bearer realm=\"safelight\", error=\"invalid_token\"");
    EXPECT_EQ(api_.client().get("/v1/jobs", {{"Authorization", "Basic x"}}).headers.get("WWW-Authenticate"),
              "Bearer realm=\"safelight\"");
    EXPECT_EQ(api_.client().get("/v1/jobs", {{"Authorization", "bearer  " + good}}).status, 200);
    EXPECT_EQ(api_.client().get("/v1/jobs?key=" + good).status, 401) << "keys in addresses end in logs";
}

TEST_F(AuthorisationTest, EachScopeOpensItsOwnCalls) {
    const std::string reads = issue({Scope::images_read});
    const std::string writes = issue({Scope::images_write});
    const std::string manages = issue({Scope::admin});
    const std::string picture = ApiServer::picture(1'000);
    EXPECT_EQ(api_.client().get("/v1/jobs", with(reads)).status, 200);
    const Reply refused = api_.client().send("POST", "/v1/jobs", with(reads), picture);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.problem(), "forbidden");
    EXPECT_THAT(*refused.headers.get("WWW-Authenticate"), HasSubstr("scope=\"images:write\""));
    EXPECT_EQ(api_.client().send("POST", "/v1/jobs", with(writes), picture).status, 202);
    EXPECT_EQ(api_.client().get("/v1/jobs", with(writes)).status, 403);
    EXPECT_EQ(api_.client().get("/v1/keys", with(writes)).status, 403);
    EXPECT_EQ(api_.client().get("/v1/keys", with(manages)).status, 200);
    EXPECT_EQ(api_.client().get("/v1/jobs", with(manages)).status, 403);
}

TEST_F(AuthorisationTest, AnotherAccountsImageIsNotToBeToldFromNone) {
    const AccountId other = testing::value_of(api_.key_ring.create_account("other")).id;
    const std::string ours = issue({Scope::images_read, Scope::images_write});
    const std::string theirs = issue({Scope::images_read, Scope::images_write}, other);
    const Reply uploaded = api_.client().send("POST", "/v1/jobs", with(ours), ApiServer::picture(1'000));
    ASSERT_EQ(uploaded.status, 202);
    const std::string job(uploaded.json().at("id").as_string());
    const std::string unknown = "01934b7e-5f00-7abc-8def-0123456789ab";
    const Reply refused = api_.client().get("/v1/jobs/" + job, with(theirs));
    const Reply missing = api_.client().get("/v1/jobs/" + unknown, with(theirs));
    EXPECT_EQ(refused.status, 404);
    EXPECT_EQ(refused.json().at("detail"), missing.json().at("detail"));
    EXPECT_EQ(api_.client().send("DELETE", "/v1/jobs/" + job, with(theirs), "").status, 404);
    EXPECT_TRUE(api_.client().get("/v1/jobs", with(theirs)).json().at("items").as_array().empty());
    EXPECT_EQ(api_.client().get("/v1/jobs/" + job, with(ours)).status, 200);
}

TEST_F(AuthorisationTest, AKeyThatIsRevokedDuringAnUploadStoresNothing) {
    const auto issued =
        testing::value_of(api_.key_ring.issue({default_account(), "a", {Scope::images_write}, {}}));
    const std::string picture = ApiServer::picture(1'000);
    const testing::Connection connection(api_.client().port);
    Fields fields = with(issued.text);
    fields.emplace_back("Expect", "100-continue");
    connection.send(api_.client().head_of("POST", "/v1/jobs", fields, picture.size()));
    ASSERT_THAT(connection.receive_head(), HasSubstr("100 Continue"));
    ASSERT_TRUE(api_.key_ring.revoke(issued.key.id));
    connection.send(picture);
    EXPECT_THAT(connection.receive_head(), HasSubstr("401"));
    EXPECT_TRUE(testing::value_of(api_.library->list_jobs({.owner = default_account()})).items.empty());
}

TEST_F(AuthorisationTest, AKeyThatIsRevokedDuringAWaitEndsIt) {
    const auto issued = testing::value_of(
        api_.key_ring.issue({default_account(), "a", {Scope::images_read, Scope::images_write}, {}}));
    const Reply uploaded =
        api_.client().send("POST", "/v1/jobs", with(issued.text), ApiServer::picture(1'000));
    const std::string job(uploaded.json().at("id").as_string());
    const testing::Connection connection(api_.client().port);
    Fields fields = with(issued.text);
    fields.emplace_back("Prefer", "wait=50");
    connection.send(api_.client().head_of("GET", "/v1/jobs/" + job, fields, 0));
    ASSERT_TRUE(api_.key_ring.revoke(issued.key.id));
    EXPECT_THAT(connection.receive_head(), HasSubstr("401"));
}

TEST_F(AuthorisationTest, TokensAreTakenBesideKeysWhereThereAreAny) {
    // RFC 7515, appendix A.1: expired in 2011.
    const std::string token =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    EXPECT_EQ(api_.client().get("/v1/jobs", with(token)).json().at("detail"),
              "The request needs a valid API key.");
    TokenConfig config;
    config.issuer = "joe";
    config.audience = "safelight";
    config.algorithms = {TokenAlgorithm::hs256};
    TokenControl tokens(config, {nullptr, api_.house.database->accounts(), api_.house.ids, api_.clock});
    const auto both = make_bearer_authenticator(api_.access, &tokens, api_.pool);
    http::Router router;
    register_routes(router, api_.parts_with(*api_.library, *both));
    const auto server = api_.serve(router);
    const testing::Client client{server->port()};
    EXPECT_EQ(client.get("/v1/jobs", with(token)).json().at("detail"), "The token is for another audience.");
    EXPECT_EQ(client.get("/v1/jobs", with(issue({Scope::images_read}))).status, 200);
    server->drain();
}

TEST(OpenAuthorisation, ServesEverybodyButMakesNoKeys) {
    ApiServer api;
    EXPECT_EQ(api.client().get("/v1/jobs").status, 200);
    const std::string key =
        testing::value_of(api.key_ring.issue({default_account(), "a", {Scope::admin}, {}})).text;
    const Reply refused = api.client().get("/v1/jobs", {{"Authorization", "Bearer " + key}});
    EXPECT_EQ(refused.status, 401) << "who sends a key means an account of its own";
    EXPECT_THAT(refused.body, HasSubstr("SAFELIGHT_ACCESS"));
    EXPECT_EQ(api.client().get("/v1/keys").status, 403);
    EXPECT_EQ(api.client()
                  .send("POST", "/v1/accounts", {{"Content-Type", "application/json"}}, R"({"name":"x"})")
                  .status,
              403);
}

}  // namespace
}  // namespace safelight
