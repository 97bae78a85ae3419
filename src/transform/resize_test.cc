#include <gtest/gtest.h>

#include "transform/testing/faulty.h"
#include "transform/transform.h"

namespace safelight {
namespace {

std::optional<Resize> resize_of(std::string_view members) {
    const auto transform = parse_transform("{\"resize\":{" + std::string(members) + "}}");
    return transform ? transform->resize : std::nullopt;
}

using testing::Pointers;

Pointers faulty(std::string_view members) {
    return testing::faulty("{\"resize\":{" + std::string(members) + "}}");
}

TEST(ResizeText, ReadsEveryMember) {
    const auto resize =
        resize_of(R"("width":400,"height":300,"fit":"contain","gravity":"south-west","dpr":1.5)");
    ASSERT_TRUE(resize);
    EXPECT_EQ(resize->fit, Fit::contain);
    EXPECT_EQ(resize->gravity, Gravity::south_west);
    EXPECT_EQ(resize->dpr, Hundredths{150});
    EXPECT_EQ(resize_of(R"("longest_side":800)")->longest_side_px, 800U);
}

TEST(ResizeText, EveryGravityHasItsWord) {
    for (const std::string word :
         {"north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"}) {
        const std::string text =
            R"({"resize":{"width":4,"height":3,"fit":"cover","gravity":")" + word + R"("}})";
        const auto transform = parse_transform(text);
        ASSERT_TRUE(transform) << word;
        EXPECT_EQ(to_json(*transform), text);
    }
}

TEST(ResizeText, DefaultsAreLeftOut) {
    const auto transform = parse_transform(R"({"resize":{"longest_side":8,"gravity":"centre","dpr":1.0}})");
    ASSERT_TRUE(transform);
    EXPECT_EQ(to_json(*transform), R"({"resize":{"longest_side":8,"fit":"inside"}})");
}

TEST(ResizeText, RefusesWhatWouldNotBeCarriedOut) {
    EXPECT_EQ(faulty(R"("width":4,"height":3,"gravity":"north")"), Pointers{"/resize/gravity"});
    EXPECT_EQ(faulty(R"("width":4,"fit":"cover","gravity":"north")"), Pointers{"/resize/gravity"});
    EXPECT_EQ(faulty(R"("width":4,"fit":"contain")"), Pointers{"/resize/fit"});
    EXPECT_EQ(faulty(R"("longest_side":4,"width":4)"), Pointers{"/resize/longest_side"});
    EXPECT_EQ(faulty(R"("longest_side":4,"fit":"cover")"), Pointers{"/resize/fit"});
    EXPECT_EQ(faulty(R"("fit":"cover")"), Pointers{"/resize"});
}

TEST(ResizeText, RefusesValuesOutOfRange) {
    EXPECT_EQ(faulty(R"("longest_side":16384)"), Pointers{"/resize/longest_side"});
    for (const std::string value : {"0.99", "4.01", "1.234", "\"2\"", "true", "-1", "1e300"}) {
        EXPECT_EQ(faulty(R"("width":4,"dpr":)" + value), Pointers{"/resize/dpr"}) << value;
    }
    EXPECT_EQ(faulty(R"("width":4,"height":3,"fit":"cover","gravity":"up","dpr":9)"),
              (Pointers{"/resize/dpr", "/resize/gravity"}));
}

}  // namespace
}  // namespace safelight
