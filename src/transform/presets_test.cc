#include "transform/presets.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace safelight {
namespace {

std::vector<std::string> pointers_of(const Result<std::vector<VariantRequest>>& result) {
    std::vector<std::string> pointers;
    if (!result) {
        for (const auto& fault : result.error().faults) pointers.push_back(fault.pointer);
    }
    return pointers;
}

TEST(Presets, ThumbnailShips) {
    const Presets presets;
    const Transform* thumbnail = presets.find("thumbnail");
    ASSERT_NE(thumbnail, nullptr);
    EXPECT_EQ(to_json(*thumbnail), R"({"resize":{"width":100,"height":100,"fit":"inside"}})");
    EXPECT_EQ(presets.find("poster"), nullptr);
}

TEST(Presets, ComeFromAFile) {
    const auto presets =
        Presets::parse(R"({"presets":{"square":{"resize":{"width":200,"height":200,"fit":"cover"}}}})");
    ASSERT_TRUE(presets);
    EXPECT_NE(presets->find("square"), nullptr);
    EXPECT_NE(presets->find("thumbnail"), nullptr);
}

TEST(Presets, AFilesFaultsAreNamed) {
    const auto presets = Presets::parse(R"({"presets":{"Bad Name":{},"low":{"quality":0}}})");
    ASSERT_FALSE(presets);
    ASSERT_EQ(presets.error().faults.size(), 2U);
    EXPECT_EQ(presets.error().faults[0].pointer, "/presets/Bad Name");
    EXPECT_EQ(presets.error().faults[1].pointer, "/presets/low/quality");
    EXPECT_FALSE(Presets::parse("[]"));
    EXPECT_FALSE(Presets::parse(R"({"presets":{},"more":1})"));
}

TEST(Presets, PointersIntoTheFileAreEscaped) {
    const auto presets = Presets::parse(R"({"presets":{"a/b~c":{}}})");
    ASSERT_FALSE(presets);
    EXPECT_EQ(presets.error().faults[0].pointer, "/presets/a~1b~0c");
}

TEST(Presets, WhatIsNoJsonIsPlaced) {
    for (const auto& [text, place] : {std::pair{"{\n  \"presets\": {,}}", "line 2, column 15"},
                                      {"", "line 1, column 1"},
                                      {"{\"presets\": {}} x", "line 1, column 17"},
                                      {"{\"presets\":\n", "line 2, column 1"}}) {
        const auto presets = Presets::parse(text);
        ASSERT_FALSE(presets) << text;
        ASSERT_EQ(presets.error().faults.size(), 1U);
        EXPECT_NE(presets.error().faults[0].detail.find(place), std::string::npos)
            << presets.error().faults[0].detail;
    }
}

TEST(Presets, AnotherTransformHasAnotherVersion) {
    const Transform small{.resize = Resize{.width_px = 100}};
    Transform larger = small;
    larger.resize->width_px = 101;
    // printf 'w=100' | sha256sum
    EXPECT_EQ(version_of(small), "4af38b55e416");
    EXPECT_EQ(version_of(*parse_transform(R"({ "resize": {"enlarge": false, "width": 100} })")),
              version_of(small));
    EXPECT_NE(version_of(larger), version_of(small));
    EXPECT_EQ(version_of(larger).size(), 12U);
}

TEST(VariantNames, FollowTheRule) {
    for (const auto* name : {"a", "thumbnail", "2x", "a-b_c"}) EXPECT_TRUE(is_variant_name(name)) << name;
    for (const auto& name : {std::string(), std::string("-a"), std::string("A"), std::string("a/b"),
                             std::string("a.b"), std::string(65, 'a')}) {
        EXPECT_FALSE(is_variant_name(name)) << name;
    }
}

TEST(Variants, ListOfNames) {
    const Presets presets;
    const auto variants = parse_variants(" thumbnail ", presets, "/variants");
    ASSERT_TRUE(variants);
    ASSERT_EQ(variants->size(), 1U);
    EXPECT_EQ(variants->front().name, "thumbnail");
    EXPECT_TRUE(parse_variants("", presets, "/variants")->empty());
    EXPECT_TRUE(parse_variants("[]", presets, "/variants")->empty());
}

TEST(Variants, JsonList) {
    const Presets presets;
    const auto variants = parse_variants(
        R"(["thumbnail", {"name":"big","transform":{"resize":{"width":800}}}])", presets, "/variants");
    ASSERT_TRUE(variants);
    ASSERT_EQ(variants->size(), 2U);
    EXPECT_EQ((*variants)[1].name, "big");
    EXPECT_EQ((*variants)[1].transform.resize->width_px, 800U);
}

TEST(Variants, ATransformMayBeWrittenAsCompactText) {
    const auto variants = parse_variants(R"([{"name":"big","transform":"w=800,f=webp"}])", {}, "/variants");
    ASSERT_TRUE(variants);
    EXPECT_EQ(variants->front().transform, parse_transform(R"({"resize":{"width":800},"format":"webp"})"));
    EXPECT_EQ(pointers_of(parse_variants(R"([{"name":"big","transform":"w=0,zoom=2"}])", {}, "/variants")),
              (std::vector<std::string>{"/variants/0/transform/zoom", "/variants/0/transform/w"}));
    const auto presets = Presets::parse(R"({"presets":{"big":"w=800"}})");
    ASSERT_TRUE(presets);
    EXPECT_EQ(presets->find("big")->resize->width_px, 800U);
    EXPECT_FALSE(Presets::parse(R"({"presets":{"big":"w=0"}})"));
}

TEST(Variants, FaultsHavePointers) {
    const Presets presets;
    EXPECT_EQ(pointers_of(parse_variants("poster,thumbnail", presets, "/variants")),
              std::vector<std::string>{"/variants"});
    EXPECT_EQ(
        pointers_of(parse_variants(
            R"([7, {"name":"A"}, {"name":"b","transform":{"quality":0}}, {"name":"c","transform":{},"x":1}])",
            presets, "/variants")),
        (std::vector<std::string>{"/variants/0", "/variants/1/name", "/variants/2/transform/quality",
                                  "/variants/3"}));
    EXPECT_EQ(pointers_of(parse_variants("thumbnail,thumbnail", presets, "/variants")),
              std::vector<std::string>{"/variants"});
    EXPECT_EQ(pointers_of(parse_variants("[", presets, "/variants")), std::vector<std::string>{"/variants"});
}

TEST(Variants, AreBounded) {
    const Presets presets;
    std::string many = "[";
    for (std::size_t i = 0; i <= variants_per_request_max; ++i) {
        many +=
            (i == 0 ? "" : ",") + std::string(R"({"name":"v)") + std::to_string(i) + R"(","transform":{}})";
    }
    EXPECT_FALSE(parse_variants(many + "]", presets, "/variants"));
}

}  // namespace
}  // namespace safelight
