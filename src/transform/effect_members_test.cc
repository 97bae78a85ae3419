// Colour, blur and sharpen in JSON.
#include <gtest/gtest.h>

#include "transform/testing/faulty.h"
#include "transform/transform.h"

namespace safelight {
namespace {

using testing::faulty;
using testing::Pointers;

TEST(EffectMembers, AreRead) {
    const std::string text = R"({"saturation":0,"brightness":1.2,"contrast":0.95,"blur":2.5,"sharpen":0.5})";
    const auto transform = parse_transform(text);
    ASSERT_TRUE(transform);
    EXPECT_EQ(transform->saturation, Hundredths{0});
    EXPECT_EQ(transform->brightness, Hundredths{120});
    EXPECT_EQ(transform->contrast, Hundredths{95});
    EXPECT_EQ(transform->blur, Hundredths{250});
    EXPECT_EQ(transform->sharpen, Hundredths{50});
    EXPECT_EQ(to_json(*transform), text);
    EXPECT_TRUE(parse_transform(R"({"greyscale":true})")->greyscale);
}

TEST(EffectMembers, WhatChangesNothingIsLeftOut) {
    EXPECT_EQ(parse_transform(
                  R"({"greyscale":false,"saturation":1,"brightness":1.0,"contrast":1,"blur":0,"sharpen":0})"),
              Transform{});
}

TEST(EffectMembers, RefusesOtherValues) {
    EXPECT_EQ(faulty(R"({"greyscale":1,"saturation":-1,"brightness":4.01,"contrast":"1","blur":100.5,)"
                     R"("sharpen":5.01})"),
              (Pointers{"/blur", "/brightness", "/contrast", "/greyscale", "/saturation", "/sharpen"}));
    EXPECT_EQ(faulty(R"({"greyscale":true,"saturation":2})"), Pointers{"/saturation"});
}

}  // namespace
}  // namespace safelight
