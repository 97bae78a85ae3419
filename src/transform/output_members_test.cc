// What concerns the encoder, in JSON.
#include <gtest/gtest.h>

#include "transform/testing/faulty.h"
#include "transform/transform.h"

namespace safelight {
namespace {

using testing::faulty;
using testing::Pointers;

TEST(OutputMembers, AreRead) {
    for (const std::string text :
         {R"({"format":"jpeg","quality":80,"progressive":true,"effort":9})",
          R"({"format":"webp","lossless":true,"effort":1})", R"({"progressive":true,"lossless":true})"}) {
        const auto transform = parse_transform(text);
        ASSERT_TRUE(transform) << text;
        EXPECT_EQ(to_json(*transform), text);
    }
    EXPECT_EQ(parse_transform(R"({"progressive":false,"lossless":false})"), Transform{});
}

TEST(OutputMembers, RefusesWhatTheFormatCannotDo) {
    for (const std::string format : {"png", "gif", "webp", "tiff", "avif"}) {
        EXPECT_EQ(faulty(R"({"progressive":true,"format":")" + format + "\"}"), Pointers{"/progressive"});
    }
    for (const std::string format : {"jpeg", "gif", "avif"}) {
        EXPECT_EQ(faulty(R"({"lossless":true,"format":")" + format + "\"}"), Pointers{"/lossless"});
    }
    EXPECT_EQ(faulty(R"({"effort":5,"format":"tiff"})"), Pointers{"/effort"});
    for (const std::string format : {"png", "gif", "tiff"}) {
        EXPECT_EQ(faulty(R"({"quality":80,"format":")" + format + "\"}"), Pointers{"/quality"});
    }
    EXPECT_EQ(faulty(R"({"format":"gif","metadata":"copyright","icc":"keep"})"),
              (Pointers{"/icc", "/metadata"}));
    EXPECT_EQ(faulty(R"({"lossless":true,"quality":80,"format":"webp"})"), Pointers{"/quality"});
}

TEST(OutputMembers, WhatIsStoredStaysValidWhenRequestsAreReadMoreStrictly) {
    for (const std::string text : {R"({"format":"png","quality":80})", R"({"format":"gif","icc":"keep"})"}) {
        EXPECT_FALSE(parse_transform(text)) << text;
        const auto stored = parse_stored_transform(text);
        ASSERT_TRUE(stored) << text;
        EXPECT_EQ(to_json(*stored), text);
    }
    EXPECT_FALSE(parse_stored_transform(R"({"quality":0})"));
    EXPECT_FALSE(parse_stored_transform(R"({"unknown":1})"));
}

TEST(OutputMembers, OfANewerVersionAreToldFromWhatIsNoTransform) {
    for (const std::string text : {"{}", R"({"unknown":{"a":[1,"b"]}})", R"({"format":"hologram"})"})
        EXPECT_TRUE(may_be_transform(text)) << text;
    for (const std::string text :
         {"", "7", "[]", "hologram(7)", R"({"a":1)", R"({"a":1}x)", "{\"a\":\"\xff\"}"})
        EXPECT_FALSE(may_be_transform(text)) << text;
}

TEST(OutputMembers, OfSizeAndMetadataAreRead) {
    for (const std::string text :
         {R"({"format":"auto","quality":80,"max_bytes":20000})",
          R"({"max_bytes":100,"metadata":"copyright"})",
          R"({"format":"jxl","lossless":true,"metadata":"all-but-location","icc":"keep"})"}) {
        const auto transform = parse_transform(text);
        ASSERT_TRUE(transform) << text;
        EXPECT_EQ(to_json(*transform), text);
    }
    EXPECT_EQ(parse_transform(R"({"metadata":"none","icc":"srgb"})"), Transform{});
}

TEST(OutputMembers, AnAnimationIsKeptUnlessItsFirstFrameIsWanted) {
    const std::string text = R"({"format":"gif","animation":"first-frame"})";
    const auto transform = parse_transform(text);
    ASSERT_TRUE(transform);
    EXPECT_EQ(transform->animation, Animation::first_frame);
    EXPECT_EQ(to_json(*transform), text);
    EXPECT_EQ(parse_transform(R"({"animation":"keep"})"), Transform{});
    EXPECT_EQ(faulty(R"({"animation":"still"})"), Pointers{"/animation"});
    EXPECT_EQ(faulty(R"({"animation":true})"), Pointers{"/animation"});
}

TEST(OutputMembers, RefusesASizeThatNoQualityLeadsTo) {
    for (const std::string format : {"png", "gif", "tiff"}) {
        EXPECT_EQ(faulty(R"({"max_bytes":1000,"format":")" + format + "\"}"), Pointers{"/max_bytes"});
    }
    EXPECT_EQ(faulty(R"({"max_bytes":1000,"lossless":true})"), Pointers{"/max_bytes"});
    EXPECT_EQ(faulty(R"({"max_bytes":99})"), Pointers{"/max_bytes"});
    EXPECT_EQ(faulty(R"({"max_bytes":100000001})"), Pointers{"/max_bytes"});
}

TEST(OutputMembers, TheFormatAutoDecidesForItself) {
    EXPECT_EQ(faulty(R"({"format":"auto","lossless":true,"progressive":true})"),
              (Pointers{"/lossless", "/progressive"}));
}

TEST(OutputMembers, RefusesOtherValues) {
    for (const std::string format : {"heic", "bmp", "svg", "Auto", ""}) {
        EXPECT_EQ(faulty(R"({"format":")" + format + "\"}"), Pointers{"/format"});
    }
    EXPECT_EQ(faulty(R"({"metadata":"all","icc":"p3"})"), (Pointers{"/icc", "/metadata"}));
    EXPECT_EQ(faulty(R"({"effort":0})"), Pointers{"/effort"});
    EXPECT_EQ(faulty(R"({"effort":10,"progressive":1,"lossless":"yes"})"),
              (Pointers{"/effort", "/lossless", "/progressive"}));
}

}  // namespace
}  // namespace safelight
