// What is shown of an image beside its container, PATCH of its focal point, and images that look alike.
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Form;
using testing::Reply;

Reply patch(ApiServer& api, const std::string& url, std::string_view body,
            const char* type = "application/merge-patch+json") {
    return api.client().send("PATCH", url, {{"Content-Type", type}}, body);
}

Look look_with(std::uint64_t dhash) {
    return {.dominant = {255, 0, 10},
            .palette = {{255, 0, 10}, {1, 2, 3}},
            .thumbhash = {std::byte{1}, std::byte{2}, std::byte{255}},
            .blurhash = "L\"\\00fQ",
            .dhash = dhash};
}

/// A picture that was uploaded, and then seen by a worker.
Reply seen(ApiServer& api, std::uint64_t dhash) {
    Reply reply = api.client().post("/v1/jobs", ApiServer::picture(), {{"Content-Type", "image/jpeg"}});
    EXPECT_EQ(reply.status, 202) << reply.body;
    api.work_on(ApiServer::id_of(reply), std::nullopt, look_with(dhash));
    return reply;
}

TEST(ImageFacts, AreNullUntilTheyAreKnown) {
    ApiServer api;
    const Reply job = api.client().post("/v1/jobs", ApiServer::picture(), {{"Content-Type", "image/jpeg"}});
    for (const auto& image : {job.json().at("image"), api.client().get(ApiServer::image_of(job)).json()}) {
        EXPECT_TRUE(image.at("look").is_null());
        EXPECT_TRUE(image.at("exif").is_null());
        EXPECT_TRUE(image.at("focal_point").is_null());
    }
}

TEST(ImageFacts, ShowTheLook) {
    ApiServer api;
    const Reply job = seen(api, 0x0102'0304'0506'07ff);
    const auto look = api.client().get(ApiServer::image_of(job)).json().at("look");
    EXPECT_EQ(boost::json::serialize(look),
              R"({"dominant_colour":"#ff000a","palette":["#ff000a","#010203"],"thumbhash":"AQL/",)"
              R"("blurhash":"L\"\\00fQ","dhash":"01020304050607ff"})");
    EXPECT_EQ(api.client().get("/v1/jobs/" + ApiServer::id_of(job).to_string()).json().at("image").at("look"),
              look);
}

TEST(ImageFacts, ShowExifAndGpsOnlyWhenItIsKept) {
    for (const bool keeps_gps : {false, true}) {
        ApiServer api({.keeps_gps = keeps_gps});
        api.house.renderer.on_probe([](ByteSource&) -> Result<safelight::ImageFacts> {
            auto facts = testing::ScriptedRenderer::facts();
            facts.exif = {.camera_make = "Acme \"1\"",
                          .taken_at = "2024-05-31T12:00:00",
                          .position = GpsPosition{-1.5, 100.25}};
            return facts;
        });
        const Reply job =
            api.client().post("/v1/jobs", ApiServer::picture(), {{"Content-Type", "image/jpeg"}});
        ASSERT_EQ(job.status, 202) << job.body;
        EXPECT_EQ(boost::json::serialize(job.json().at("image").at("exif")),
                  std::string(R"({"camera_make":"Acme \"1\"","camera_model":null,)"
                              R"("taken_at":"2024-05-31T12:00:00","artist":null,"copyright":null,"gps":)") +
                      (keeps_gps ? R"({"latitude":-1.5E0,"longitude":1.0025E2}})" : "null}"));
        const auto stored = api.house.find(ApiServer::id_of(job)).image.facts.exif;
        EXPECT_EQ(stored.position.has_value(), keeps_gps) << "what is not kept is not stored";
    }
}

TEST(FocalPointOfAnImage, ComesWithTheUpload) {
    ApiServer api;
    const Reply by_query = api.client().post("/v1/jobs?focal_point=0.3,0.6", ApiServer::picture(),
                                             {{"Content-Type", "image/jpeg"}});
    ASSERT_EQ(by_query.status, 202) << by_query.body;
    EXPECT_EQ(by_query.json().at("image").at("focal_point").at("x").as_double(), 0.3);
    const std::string body =
        Form().file("a.jpg", ApiServer::picture()).field("focal_point", R"({"x":0.25,"y":0.5})").body();
    const Reply by_form = api.client().post("/v1/jobs", body, Form::fields());
    ASSERT_EQ(by_form.status, 202) << by_form.body;
    EXPECT_EQ(by_form.json().at("image").at("focal_point").at("x").as_double(), 0.25);
    const Reply twice = api.client().post("/v1/jobs?focal_point=0.3,0.6", body, Form::fields());
    EXPECT_EQ(twice.status, 400);
    EXPECT_EQ(twice.json().at("errors").at(0).at("parameter"), "focal_point");
    const Reply bad =
        api.client().post("/v1/jobs?focal_point=2,0", ApiServer::picture(), {{"Content-Type", "image/jpeg"}});
    EXPECT_EQ(bad.status, 400);
    EXPECT_EQ(bad.json().at("errors").at(0).at("parameter"), "focal_point");
}

TEST(FocalPointOfAnImage, IsChangedAndTakenAwayByPatch) {
    ApiServer api;
    const std::string url = ApiServer::image_of(seen(api, 1));
    const Reply set = patch(api, url, R"({"focal_point":{"x":0.5,"y":0.125}})");
    ASSERT_EQ(set.status, 200) << set.body;
    EXPECT_EQ(set.json().at("focal_point").at("y").as_double(), 0.125);
    EXPECT_EQ(api.client().get(url).json(), set.json());
    const Reply same = patch(api, url, "{}", "application/json; charset=utf-8");
    EXPECT_EQ(same.json(), set.json()) << "an empty patch changes nothing";
    const Reply taken = patch(api, url, R"({"focal_point":null})");
    ASSERT_EQ(taken.status, 200);
    EXPECT_TRUE(taken.json().at("focal_point").is_null());
    EXPECT_TRUE(api.client().get(url).json().at("focal_point").is_null());
}

TEST(FocalPointOfAnImage, WrongPatchesChangeNothing) {
    ApiServer api;
    const std::string url = ApiServer::image_of(seen(api, 1));
    const Reply faulty = patch(api, url, R"({"focal_point":{"x":7},"width":3})");
    EXPECT_EQ(faulty.status, 400);
    EXPECT_EQ(faulty.json().at("errors").as_array().size(), 3U) << faulty.body;
    const Reply wrong_type = patch(api, url, "{}", "application/json-patch+json");
    EXPECT_EQ(wrong_type.status, 415);
    EXPECT_EQ(wrong_type.headers.get("Accept-Patch"), "application/merge-patch+json");
    EXPECT_EQ(patch(api, url, std::string(5'000, ' ')).status, 413);
    EXPECT_EQ(patch(api, url + "?a=1", "{}").status, 400);
    const std::string nobodys = "/v1/images/" + api.house.ids.next<ImageId>().to_string();
    EXPECT_EQ(patch(api, nobodys, R"({"focal_point":null})").status, 404);
    EXPECT_TRUE(api.client().get(url).json().at("focal_point").is_null());
}

std::string similar_to(const Reply& job, std::string_view more = "") {
    return "/v1/images?similar_to=" + std::string(job.json().at("image").at("id").as_string()) +
           std::string(more);
}

TEST(SimilarImages, ComeWithTheirDistanceNearestFirst) {
    ApiServer api;
    const Reply wanted = seen(api, 0);
    const Reply farther = seen(api, 0b111);
    const Reply nearer = seen(api, 0b1);
    seen(api, 0xffff);
    const Reply found = api.client().get(similar_to(wanted));
    ASSERT_EQ(found.status, 200) << found.body;
    const auto document = found.json();
    const auto& items = document.at("items").as_array();
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].at("id"), nearer.json().at("image").at("id"));
    EXPECT_EQ(items[0].at("distance"), 1);
    EXPECT_EQ(items[1].at("id"), farther.json().at("image").at("id"));
    EXPECT_EQ(items[1].at("distance"), 3);
    EXPECT_TRUE(document.at("next_cursor").is_null());
    EXPECT_EQ(api.client().get(similar_to(wanted, "&max_distance=0")).json().at("items").as_array().size(),
              0U);
    EXPECT_EQ(api.client().get(similar_to(wanted, "&max_distance=16")).json().at("items").as_array().size(),
              3U);
    EXPECT_EQ(api.client().get(similar_to(wanted, "&limit=1")).json().at("items").as_array().size(), 1U);
}

TEST(SimilarImages, WhatCannotBeAnsweredIsSaid) {
    ApiServer api;
    const Reply unseen =
        api.client().post("/v1/jobs", ApiServer::picture(), {{"Content-Type", "image/jpeg"}});
    const Reply early = api.client().get(similar_to(unseen));
    EXPECT_EQ(early.status, 409);
    EXPECT_EQ(early.problem(), "conflict");
    const std::string nobodys = api.house.ids.next<ImageId>().to_string();
    EXPECT_EQ(api.client().get("/v1/images?similar_to=" + nobodys).status, 404);
    for (const char* fault : {"&max_distance=33", "&max_distance=-1", "&limit=0", "&cursor=AQ",
                              "&created_after=2026-11-23T20:08:00Z"}) {
        EXPECT_EQ(api.client().get(similar_to(unseen, fault)).status, 400) << fault;
    }
    EXPECT_EQ(api.client().get("/v1/images?similar_to=cat").status, 400);
    EXPECT_EQ(api.client().get("/v1/images?max_distance=3").status, 400) << "only with similar_to";
}

}  // namespace
}  // namespace safelight
