#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Reply;

TEST(PresetsResource, ListsNameVersionAndBothSpellings) {
    ApiServer api;
    api.presets =
        *Presets::parse(R"({"presets":{"square":{"resize":{"width":200,"height":200,"fit":"cover"}}}})");
    const Reply reply = api.client().get("/v1/presets");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.get("Content-Type"), "application/json");
    const auto document = reply.json();
    const auto& items = document.at("items").as_array();
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].at("name"), "square");
    EXPECT_EQ(items[0].at("version").as_string(), version_of(*api.presets.find("square")));
    EXPECT_EQ(items[0].at("transform").at("resize").at("fit"), "cover");
    EXPECT_EQ(items[0].at("compact"), "w=200,h=200,fit=cover");
    EXPECT_EQ(items[1].at("name"), "thumbnail");
}

TEST(PresetsResource, IsConditionalAndTakesNoParameters) {
    ApiServer api;
    const Reply reply = api.client().get("/v1/presets");
    const std::string etag(*reply.headers.get("ETag"));
    EXPECT_EQ(api.client().get("/v1/presets", {{"If-None-Match", etag}}).status, 304);
    EXPECT_EQ(api.client().get("/v1/presets?name=square").status, 400);
}

}  // namespace
}  // namespace safelight
