#include "transform/transform.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace safelight {
namespace {

std::vector<Fault> faults_of(std::string_view json) {
    const auto transform = parse_transform(json, "/t");
    return transform ? std::vector<Fault>{} : transform.error().faults;
}

TEST(Transform, ReadsEveryMember) {
    const auto transform = parse_transform(
        R"({"resize":{"width":400,"height":300,"fit":"cover","enlarge":true},"format":"webp","quality":80})");
    ASSERT_TRUE(transform);
    ASSERT_TRUE(transform->resize);
    EXPECT_EQ(transform->resize->width_px, 400U);
    EXPECT_EQ(transform->resize->height_px, 300U);
    EXPECT_EQ(transform->resize->fit, Fit::cover);
    EXPECT_TRUE(transform->resize->enlarge);
    EXPECT_EQ(transform->format, Format::webp);
    EXPECT_EQ(transform->quality, 80);
}

TEST(Transform, CanonicalTextDoesNotDependOnTheSpelling) {
    const auto first = parse_transform(R"({"quality":80,"resize":{"fit":"inside","height":300}})");
    const auto second = parse_transform(R"( {"resize" : {"height": 300, "enlarge": false}, "quality": 80} )");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(to_json(*first), to_json(*second));
    EXPECT_EQ(to_json(*first), R"({"resize":{"height":300,"fit":"inside"},"quality":80})");
}

TEST(Transform, TextRoundTrip) {
    for (const auto* text :
         {"{}", R"({"format":"png"})", R"({"resize":{"width":1,"fit":"fill"}})",
          R"({"resize":{"width":16383,"height":2,"fit":"outside","enlarge":true},"quality":1})"}) {
        const auto transform = parse_transform(text);
        ASSERT_TRUE(transform) << text;
        EXPECT_EQ(to_json(*transform), text);
        EXPECT_EQ(parse_transform(to_json(*transform)), transform);
    }
}

TEST(Transform, NamesEveryFaultWithItsPointer) {
    const auto faults =
        faults_of(R"({"resize":{"width":0,"fit":"zoom","x/y":1},"format":"bmp","quality":101})");
    std::vector<std::string> pointers;
    for (const auto& fault : faults) pointers.push_back(fault.pointer);
    std::ranges::sort(pointers);
    EXPECT_EQ(pointers, (std::vector<std::string>{"/t/format", "/t/quality", "/t/resize/fit",
                                                  "/t/resize/width", "/t/resize/x~1y"}));
}

TEST(Transform, RefusesWhatIsNoTransform) {
    for (const auto* text :
         {"", "[]", "null", "{", R"({"resize":{}})", R"({"resize":7})", R"({"width":100})",
          R"({"resize":{"width":"100"}})", R"({"resize":{"width":1.5}})", R"({"resize":{"width":16384}})",
          R"({"quality":0})", R"({"quality":true})", R"({"format":"heic"})", R"({"format":7})",
          R"({"resize":{"width":1,"enlarge":1}})"}) {
        EXPECT_FALSE(faults_of(text).empty()) << text;
    }
}

}  // namespace
}  // namespace safelight
