// What accounts may have, and what they have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using testing::Reply;
using testing::value_of;

boost::json::value unlimited(std::uint64_t used) {
    return {{"limit", nullptr}, {"used", used}, {"remaining", nullptr}, {"resets_at", nullptr}};
}

TEST(UsageTest, WhatThereIsWithoutLimits) {
    ApiServer api;
    ASSERT_EQ(api.client().post("/v1/jobs", ApiServer::picture(1'000)).status, 202);
    const Reply reply = api.client().get("/v1/usage");
    ASSERT_EQ(reply.status, 200);
    EXPECT_EQ(reply.json().at("account_id").as_string(), default_account().to_string());
    const auto quotas = reply.json().at("quotas");
    EXPECT_EQ(quotas.at("stored_bytes"), unlimited(1'000));
    EXPECT_EQ(quotas.at("images"), unlimited(1));
    EXPECT_EQ(quotas.at("concurrent_uploads"), unlimited(0));
    EXPECT_EQ(quotas.at("uploads_per_minute"), unlimited(0));
    EXPECT_TRUE(quotas.at("pixels_per_day").at("limit").is_null());
    EXPECT_GT(quotas.at("pixels_per_day").at("used").to_number<int>(), 0);
    EXPECT_TRUE(quotas.at("pixels_per_day").at("resets_at").is_string());
    EXPECT_EQ(api.client().get("/v1/usage?a=b").status, 400);
}

TEST(UsageTest, WhatIsLeftOfEachLimit) {
    ApiServer api{{.quotas = {.defaults = {.stored_bytes = 1'500, .images = 3, .uploads_per_minute = 2}}}};
    ASSERT_EQ(api.client().post("/v1/jobs", ApiServer::picture(1'000)).status, 202);
    const auto quotas = api.client().get("/v1/usage").json().at("quotas");
    EXPECT_EQ(quotas.at("stored_bytes").at("remaining"), 500);
    EXPECT_EQ(quotas.at("images").at("limit"), 3);
    EXPECT_EQ(quotas.at("images").at("remaining"), 2);
    EXPECT_EQ(quotas.at("uploads_per_minute").at("used"), 1);
    EXPECT_TRUE(quotas.at("uploads_per_minute").at("resets_at").is_string());
}

class AccountQuotas : public ::testing::Test {
  protected:
    Reply send(const std::string& method, const std::string& path, const std::string& json,
               const std::string& type = "application/json") {
        Fields fields = admin_;
        fields.emplace_back("Content-Type", type);
        return api_.client().send(method, path, fields, json);
    }
    Reply get(const std::string& path) { return api_.client().get(path, admin_); }
    static std::vector<std::string> pointers_of(const Reply& reply) {
        std::vector<std::string> pointers;
        for (const auto& fault : reply.json().at("errors").as_array())
            pointers.emplace_back(fault.at("pointer").as_string());
        return pointers;
    }
    [[nodiscard]] Fields key_of(AccountId account) {
        return {{"Authorization",
                 "Bearer " + value_of(api_.key_ring.issue(
                                          {account, "a", {Scope::images_write, Scope::images_read}, {}}))
                                 .text}};
    }

    ApiServer api_{{.asks_for_keys = true, .quotas = {.defaults = {.images = 1}}}};
    Fields admin_{
        {"Authorization",
         "Bearer " + value_of(api_.key_ring.issue({default_account(), "admin", {Scope::admin}, {}})).text}};
};

TEST_F(AccountQuotas, AreSetAtCreationAndChanged) {
    const Reply made =
        send("POST", "/v1/accounts", R"({"name":"shop","quotas":{"images":2,"stored_bytes":null}})");
    ASSERT_EQ(made.status, 201);
    const std::string path = *made.headers.get("Location");
    EXPECT_EQ(made.json().at("quotas").at("images"), 2);
    EXPECT_TRUE(made.json().at("quotas").at("pixels_per_day").is_null());
    EXPECT_EQ(get(path).json(), made.json());
    EXPECT_EQ(get(path + "/usage").json().at("quotas").at("images").at("limit"), 2);

    const Reply changed = send("PATCH", path, R"({"quotas":{"images":null,"uploads_per_minute":7}})",
                               "application/merge-patch+json");
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_TRUE(changed.json().at("quotas").at("images").is_null());
    EXPECT_EQ(get(path).json(), changed.json());
    const auto limits = get(path + "/usage").json().at("quotas");
    EXPECT_EQ(limits.at("images").at("limit"), 1) << "the default";
    EXPECT_EQ(limits.at("uploads_per_minute").at("limit"), 7);

    ASSERT_EQ(send("PATCH", path, R"({"quotas":{"images":0}})").status, 200);
    EXPECT_TRUE(get(path + "/usage").json().at("quotas").at("images").at("limit").is_null()) << "no limit";
    EXPECT_EQ(send("PATCH", path, "{}").json().at("quotas").at("images"), 0) << "nothing is changed";
}

TEST_F(AccountQuotas, CountFromTheNextUploadOn) {
    const Account shop = value_of(api_.key_ring.create_account("shop"));
    const Fields key = key_of(shop.id);
    const auto upload = [&] { return api_.client().post("/v1/jobs", ApiServer::picture(), key).status; };
    EXPECT_EQ(upload(), 202);
    EXPECT_EQ(upload(), 403);
    ASSERT_EQ(send("PATCH", "/v1/accounts/" + shop.id.to_string(), R"({"quotas":{"images":2}})").status, 200);
    EXPECT_EQ(upload(), 202);
    EXPECT_EQ(upload(), 403);
    EXPECT_EQ(api_.client().post("/v1/jobs", ApiServer::picture(), key_of(default_account())).status, 202)
        << "another account";
    EXPECT_EQ(api_.client().get("/v1/usage", key).json().at("account_id").as_string(), shop.id.to_string());
    EXPECT_EQ(api_.client().get("/v1/usage", admin_).status, 403) << "it may not read images";
    EXPECT_EQ(api_.client().get("/v1/accounts/" + shop.id.to_string() + "/usage", key).status, 403);
}

TEST_F(AccountQuotas, FaultsAreNamed) {
    const std::string path = "/v1/accounts/" + default_account().to_string();
    for (const char* value : {"-1", "1.5", "1000000000000000", "\"5\"", "true", "[]"}) {
        const std::string body = std::string(R"({"quotas":{"images":)") + value + "}}";
        EXPECT_EQ(pointers_of(send("PATCH", path, body)), std::vector<std::string>{"/quotas/images"})
            << value;
    }
    EXPECT_EQ(pointers_of(send("PATCH", path, R"({"quotas":{"colour":1}})")),
              std::vector<std::string>{"/quotas/colour"});
    EXPECT_EQ(pointers_of(send("PATCH", path, R"({"quotas":7})")), std::vector<std::string>{"/quotas"});
    EXPECT_EQ(pointers_of(send("PATCH", path, R"({"name":"b"})")), std::vector<std::string>{"/name"});
    EXPECT_EQ(send("PATCH", path, "{}", "text/plain").status, 415);
    EXPECT_EQ(send("PATCH", "/v1/accounts/x", "{}").status, 404);
    const std::string nobody = "/v1/accounts/01934b7e-5f00-7abc-8def-0123456789ab";
    EXPECT_EQ(send("PATCH", nobody, "{}").status, 404);
    EXPECT_EQ(get(nobody + "/usage").status, 404);
    EXPECT_EQ(pointers_of(send("POST", "/v1/accounts", R"({"name":"a","quotas":{"images":-1}})")),
              std::vector<std::string>{"/quotas/images"});
}

}  // namespace
}  // namespace safelight
