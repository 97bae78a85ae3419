#include "api/focal_point.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

TEST(FocalPointText, HasTwoSpellings) {
    EXPECT_EQ(parse_focal_point("0.3,0.6", "?f"), (FocalPoint{0.3, 0.6}));
    EXPECT_EQ(parse_focal_point(" 1 , 0 ", "?f"), (FocalPoint{1, 0}));
    EXPECT_EQ(parse_focal_point(R"({"x":0.3,"y":1})", "?f"), (FocalPoint{0.3, 1}));
    EXPECT_EQ(parse_focal_point("-0,5e-1", "?f"), (FocalPoint{0, 0.5}));
}

TEST(FocalPointText, AnythingElseIsAFaultInItsPlace) {
    for (const char* text : {"", "0.5", "0.5,", ",0.5", "0.5,1.01", "-0.1,0", "nan,0", "inf,0", "0,0,0",
                             "a,b", "0x1,0", "[0,0]", "null", "{"}) {
        const auto point = parse_focal_point(text, "?f");
        ASSERT_FALSE(point) << text;
        ASSERT_EQ(point.error().faults.size(), 1U) << text;
        EXPECT_EQ(point.error().faults.front().pointer, "?f") << text;
    }
    const auto point = parse_focal_point(R"({"x":2,"z/":0})", "/focal_point");
    ASSERT_FALSE(point);
    ASSERT_EQ(point.error().faults.size(), 3U);
    EXPECT_EQ(point.error().faults[0].pointer, "/focal_point/z~1");
    EXPECT_EQ(point.error().faults[1].pointer, "/focal_point/x");
    EXPECT_EQ(point.error().faults[2].pointer, "/focal_point/y");
}

TEST(ImagePatchText, SetsTakesAwayOrLeaves) {
    const auto set = parse_image_patch(R"({"focal_point":{"x":0,"y":0.25}})");
    ASSERT_TRUE(set);
    EXPECT_TRUE(set->changes_focal_point);
    EXPECT_EQ(set->focal_point, (FocalPoint{0, 0.25}));
    const auto taken = parse_image_patch(R"({"focal_point":null})");
    ASSERT_TRUE(taken);
    EXPECT_TRUE(taken->changes_focal_point);
    EXPECT_FALSE(taken->focal_point);
    const auto nothing = parse_image_patch("{}");
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(nothing->changes_focal_point);
}

TEST(ImagePatchText, NamesEachFault) {
    const auto faults_of = [](const char* text) {
        const auto patch = parse_image_patch(text);
        std::string pointers;
        if (patch) return std::string("accepted");
        for (const Fault& fault : patch.error().faults) pointers += fault.pointer + " ";
        return pointers;
    };
    EXPECT_EQ(faults_of(R"({"filename":"a","focal_point":{"x":1}})"), "/filename /focal_point/y ");
    EXPECT_EQ(faults_of(R"({"focal_point":"0.3,0.6"})"), "/focal_point ");
    EXPECT_EQ(faults_of(R"({"focal_point":{"x":"0.3","y":true}})"), "/focal_point/x /focal_point/y ");
    EXPECT_EQ(faults_of("[]"), " ");
    EXPECT_EQ(faults_of("{"), " ");
}

}  // namespace
}  // namespace safelight
