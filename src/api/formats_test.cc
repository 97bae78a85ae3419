#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;

TEST(Formats, AreThoseOfTheRenderer) {
    const ApiServer api;
    const auto reply = api.client().get("/v1/formats");
    ASSERT_EQ(reply.status, 200);
    const auto body = reply.json();
    const auto& items = body.at("items").as_array();
    ASSERT_EQ(items.size(), api.house.renderer.formats().size());
    const auto& jpeg = items.at(0).as_object();
    EXPECT_EQ(jpeg.at("format"), "jpeg");
    EXPECT_EQ(jpeg.at("media_type"), "image/jpeg");
    EXPECT_TRUE(jpeg.at("read").as_bool());
    EXPECT_TRUE(jpeg.at("write").as_bool());
    EXPECT_TRUE(jpeg.at("quality").as_bool());
    EXPECT_FALSE(jpeg.at("alpha").as_bool());
    EXPECT_FALSE(jpeg.at("lossless").as_bool());
    EXPECT_FALSE(jpeg.at("animation").as_bool());
    EXPECT_FALSE(items.at(1).at("write").as_bool());
}

TEST(Formats, TakeConditionsAndNoParameters) {
    const ApiServer api;
    const auto reply = api.client().get("/v1/formats");
    const auto tag = reply.headers.get("ETag");
    ASSERT_TRUE(tag);
    EXPECT_EQ(api.client().get("/v1/formats", {{"If-None-Match", std::string(*tag)}}).status, 304);
    EXPECT_EQ(api.client().get("/v1/formats?colour=red").status, 400);
}

}  // namespace
}  // namespace safelight
