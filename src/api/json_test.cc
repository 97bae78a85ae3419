#include "api/json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace safelight {
namespace {

namespace json = boost::json;

const Timestamp noon{Milliseconds{1'795'464'480'123}};

template <class AnyId>
AnyId id_ending_in(std::uint8_t last) {
    AnyId id;
    id.uuid.bytes[15] = last;
    return id;
}

Variant ready_variant() {
    Variant variant;
    variant.name = "thumbnail";
    variant.transform.resize = Resize{.width_px = 100, .height_px = 100};
    variant.status = VariantStatus::ready;
    variant.content.emplace();
    variant.content->format = Format::png;
    variant.content->width_px = 100;
    variant.content->height_px = 75;
    variant.content->size_bytes = 321;
    return variant;
}

Job a_job() {
    Job job;
    job.id = id_ending_in<JobId>(1);
    job.status = JobStatus::processing;
    job.attempts = 1;
    job.metadata_json = R"({"album":"7"})";
    job.created_at = noon;
    job.updated_at = noon;
    job.image.id = id_ending_in<ImageId>(2);
    job.image.filename = "c\"at\n.jpg";
    job.image.size_bytes = 699'290;
    job.image.facts.width_px = 1'448;
    job.image.facts.height_px = 1'086;
    return job;
}

TEST(Json, JobHasTheShapeOfTheContract) {
    Job job = a_job();
    Variant pending = ready_variant();
    pending.status = VariantStatus::pending;
    pending.content.reset();
    job.image.variants = {pending};
    const std::string zeros(64, '0');
    const auto expected =
        json::parse(R"({"id":"00000000-0000-0000-0000-000000000001","status":"PROCESSING",
        "priority":"normal","created_at":")" +
                    to_rfc3339(noon) + R"(","updated_at":")" + to_rfc3339(noon) + R"(","finished_at":null,
        "attempts":1,"metadata":{"album":"7"},"image":{"id":"00000000-0000-0000-0000-000000000002",
        "filename":"c\"at\n.jpg","media_type":"image/jpeg","bytes":699290,"sha256":")" +
                    zeros + R"(",
        "width":1448,"height":1086,"frames":1,"has_alpha":false,"focal_point":null,"look":null,"exif":null,
        "url":"/v1/images/00000000-0000-0000-0000-000000000002/original","variants":[{"name":"thumbnail",
        "status":"pending","transform":{"resize":{"width":100,"height":100,"fit":"inside"}},"media_type":null,
        "width":null,"height":null,"bytes":null,"etag":null,
        "url":"/v1/images/00000000-0000-0000-0000-000000000002/variants/thumbnail","error":null}]}})");
    EXPECT_EQ(json::parse(to_json(job)), expected);
}

TEST(Json, FinishedJobTellsWhen) {
    Job job = a_job();
    job.finished_at = noon;
    EXPECT_EQ(json::parse(to_json(job)).at("finished_at"), json::string(to_rfc3339(noon)));
}

TEST(Json, ReadyVariantHasWhatTheHeaderOfItsBytesHas) {
    Image image = a_job().image;
    image.variants = {ready_variant()};
    const auto variant = json::parse(to_json(image)).at("variants").at(0);
    EXPECT_EQ(variant.at("media_type"), "image/png");
    EXPECT_EQ(variant.at("width"), 100);
    EXPECT_EQ(variant.at("height"), 75);
    EXPECT_EQ(variant.at("bytes"), 321);
    EXPECT_EQ(variant.at("etag"), json::string(etag_of(image.variants[0].content->sha256)));
}

TEST(Json, WhatANewerVersionWroteStandsAsItIs) {
    Variant variant = ready_variant();
    variant.unknown_transform = R"({"hologram":{"depth":7}})";
    variant.content->is_unknown_format = true;
    const auto shown = json::parse(to_json(variant, id_ending_in<ImageId>(2)));
    EXPECT_EQ(shown.at("transform"), json::parse(*variant.unknown_transform));
    EXPECT_EQ(shown.at("media_type"), "application/octet-stream");
    EXPECT_EQ(shown.at("status"), "ready");
    Job job = a_job();
    job.image.is_unknown_format = true;
    EXPECT_EQ(json::parse(to_json(job)).at("image").at("media_type"), "application/octet-stream");
}

TEST(Json, FailedVariantSaysWhyUnlessItIsABug) {
    Image image = a_job().image;
    Variant failed = ready_variant();
    failed.status = VariantStatus::failed;
    failed.content.reset();
    failed.error = VariantError{ErrorCode::invalid_image, "The picture is cut off."};
    Variant bug = failed;
    bug.error = VariantError{ErrorCode::internal, "assertion in /src"};
    image.variants = {failed, bug};
    const auto variants = json::parse(to_json(image)).at("variants");
    EXPECT_EQ(
        variants.at(0).at("error"),
        json::parse(
            R"({"type":"/problems/invalid-image","title":"Broken image","detail":"The picture is cut off."})"));
    EXPECT_EQ(to_json(image).find("/src"), std::string::npos);
}

TEST(Json, PagesEndInNull) {
    const std::vector<Job> jobs{a_job(), a_job()};
    const auto page = json::parse(to_json(std::span(jobs), "abc"));
    EXPECT_EQ(page.at("items").as_array().size(), 2U);
    EXPECT_EQ(page.at("next_cursor"), "abc");
    EXPECT_EQ(to_json(std::span<const Image>{}, std::nullopt), R"({"items":[],"next_cursor":null})");
}

TEST(Json, QuotesWhateverComes) {
    std::string text;
    append_quoted(text, std::string_view("a\"\\\x01\xff\0\xc3\xa9", 8));
    EXPECT_EQ(json::parse(text), json::string("a\"\\\x01\xef\xbf\xbd\0\xc3\xa9", 10));
}

TEST(Json, MetadataIsNormalised) {
    EXPECT_EQ(*normalised_metadata(" { \"a\" : [1, 2.5, null] } ", "/metadata"), R"({"a":[1,2.5E0,null]})");
    EXPECT_EQ(*normalised_metadata("{}", "/metadata"), "{}");
    for (const char* const text : {"", "[]", "1", "{\"a\":}", "{\"a\":1}x", "{\"a\":\"\xff\"}"}) {
        const auto refused = normalised_metadata(text, "?metadata");
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
        EXPECT_EQ(refused.error().faults.at(0).pointer, "?metadata");
    }
}

TEST(Json, MetadataHasADepthLimit) {
    const auto nested = [](std::size_t levels) {
        return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
    };
    EXPECT_TRUE(normalised_metadata(nested(metadata_depth_max), "/metadata"));
    EXPECT_FALSE(normalised_metadata(nested(metadata_depth_max + 1), "/metadata"));
    EXPECT_FALSE(normalised_metadata(nested(60'000), "/metadata"));
}

}  // namespace
}  // namespace safelight
