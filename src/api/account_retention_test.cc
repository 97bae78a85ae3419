// Rules of retention of accounts: set, changed, shown.
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using testing::Reply;
using testing::value_of;

class AccountRetention : public ::testing::Test {
  protected:
    [[nodiscard]] Reply send(const std::string& method, const std::string& path, const std::string& body,
                             const std::string& type = "application/json") {
        Fields fields = admin_;
        fields.emplace_back("Content-Type", type);
        return api_.client().send(method, path, fields, body);
    }
    [[nodiscard]] static std::vector<std::string> pointers_of(const Reply& reply) {
        std::vector<std::string> pointers;
        for (const auto& fault : reply.json().at("errors").as_array())
            pointers.emplace_back(fault.at("pointer").as_string());
        return pointers;
    }

    ApiServer api_{{.asks_for_keys = true}};
    Fields admin_{
        {"Authorization",
         "Bearer " + value_of(api_.key_ring.issue({default_account(), "admin", {Scope::admin}, {}})).text}};
};

TEST_F(AccountRetention, IsSetAtCreationAndChanged) {
    const Reply made =
        send("POST", "/v1/accounts", R"({"name":"shop","retention":{"delete_images_after_days":30}})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string path = *made.headers.get("Location");
    EXPECT_EQ(made.json().at("retention").at("delete_images_after_days"), 30);
    EXPECT_TRUE(made.json().at("retention").at("expire_variants_after_days").is_null());
    EXPECT_EQ(api_.client().get(path, admin_).json(), made.json());

    const Reply changed = send(
        "PATCH", path,
        R"({"retention":{"delete_images_after_days":null,"expire_variants_after_days":0},"quotas":{"images":5}})",
        "application/merge-patch+json");
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_TRUE(changed.json().at("retention").at("delete_images_after_days").is_null());
    EXPECT_EQ(changed.json().at("retention").at("expire_variants_after_days"), 0);
    EXPECT_EQ(changed.json().at("quotas").at("images"), 5) << "both in one step";
    EXPECT_EQ(api_.client().get(path, admin_).json(), changed.json());
    EXPECT_EQ(send("PATCH", path, "{}").json(), changed.json()) << "nothing is changed";
}

TEST_F(AccountRetention, FaultsAreNamed) {
    const std::string path = "/v1/accounts/" + default_account().to_string();
    for (const char* value : {"-1", "1.5", "36501", "\"5\"", "true", "[]"}) {
        const std::string body = std::string(R"({"retention":{"delete_images_after_days":)") + value + "}}";
        EXPECT_EQ(pointers_of(send("PATCH", path, body)),
                  std::vector<std::string>{"/retention/delete_images_after_days"})
            << value;
    }
    EXPECT_EQ(pointers_of(send("PATCH", path, R"({"retention":{"colour":1}})")),
              std::vector<std::string>{"/retention/colour"});
    EXPECT_EQ(pointers_of(send("PATCH", path, R"({"retention":7})")), std::vector<std::string>{"/retention"});
    EXPECT_EQ(pointers_of(send("POST", "/v1/accounts",
                               R"({"name":"a","retention":{"expire_variants_after_days":-1}})")),
              std::vector<std::string>{"/retention/expire_variants_after_days"});
}

}  // namespace
}  // namespace safelight
