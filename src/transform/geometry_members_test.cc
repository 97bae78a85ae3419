// Crop, rotation and flip in JSON.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "transform/testing/faulty.h"
#include "transform/transform.h"

namespace safelight {
namespace {

using testing::faulty;
using testing::Pointers;

TEST(GeometryMembers, AreRead) {
    const auto transform =
        parse_transform(R"({"flip":"vertical","rotate":270,"crop":{"x":1,"y":2,"width":3,"height":4}})");
    ASSERT_TRUE(transform);
    EXPECT_EQ(transform->crop, (Crop{1, 2, 3, 4}));
    EXPECT_EQ(transform->rotate, Hundredths{27'000});
    EXPECT_EQ(transform->flip, Flip::vertical);
    EXPECT_EQ(to_json(*transform),
              R"({"crop":{"x":1,"y":2,"width":3,"height":4},"rotate":270,"flip":"vertical"})");
}

TEST(GeometryMembers, NoRotationIsTheDefault) {
    EXPECT_EQ(parse_transform(R"({"rotate":0})"), Transform{});
    EXPECT_EQ(to_json(Transform{}), "{}");
}

TEST(GeometryMembers, ACropByGravityAndAnyAngleAreRead) {
    for (const std::string text :
         {R"({"crop":{"width":3,"height":4,"gravity":"attention"},"rotate":12.5})",
          R"({"trim":0,"crop":{"width":3,"height":4,"gravity":"centre"},"rotate":359.99})"}) {
        const auto transform = parse_transform(text);
        ASSERT_TRUE(transform) << text;
        EXPECT_EQ(to_json(*transform), text);
    }
}

TEST(GeometryMembers, QuartersAreTold) {
    EXPECT_EQ(quarter_turns({0}), 0U);
    EXPECT_EQ(quarter_turns({27'000}), 3U);
    EXPECT_EQ(quarter_turns({9'001}), std::nullopt);
}

TEST(GeometryMembers, ACropHasOnePlace) {
    EXPECT_EQ(faulty(R"({"crop":{"x":1,"y":2,"width":3,"height":4,"gravity":"focal"}})"),
              Pointers{"/crop/gravity"});
    EXPECT_EQ(faulty(R"({"crop":{"width":3,"height":4}})"), (Pointers{"/crop/x", "/crop/y"}));
}

TEST(GeometryMembers, ARotationIsWhatIsLeftOfItBelowAFullTurn) {
    const std::vector<std::pair<std::string, std::string>> angles{
        {"-90", "270"}, {"450", "90"}, {"-0.5", "359.5"}, {"-3600", "0"}, {"3599.99", "359.99"}};
    for (const auto& [asked, meant] : angles) {
        EXPECT_EQ(parse_transform(R"({"rotate":)" + asked + "}"),
                  parse_transform(R"({"rotate":)" + meant + "}"))
            << asked;
    }
    EXPECT_EQ(parse_transform(R"({"rotate":-360})"), Transform{});
}

TEST(GeometryMembers, RefusesOtherValues) {
    EXPECT_EQ(faulty(R"({"trim":256})"), Pointers{"/trim"});
    for (const std::string value : {"-3601", "3600.01", "\"90\"", "90.125", "true"}) {
        EXPECT_EQ(faulty(R"({"rotate":)" + value + "}"), Pointers{"/rotate"}) << value;
    }
    EXPECT_EQ(faulty(R"({"flip":"both"})"), Pointers{"/flip"});
    EXPECT_EQ(faulty(R"({"crop":[1,2,3,4]})"), Pointers{"/crop"});
    EXPECT_EQ(faulty(R"({"crop":{"x":0,"y":0,"width":1}})"), Pointers{"/crop/height"});
    EXPECT_EQ(faulty(R"({"crop":{"x":-1,"y":16383,"width":0,"height":16384,"z":1}})"),
              (Pointers{"/crop/height", "/crop/width", "/crop/x", "/crop/y", "/crop/z"}));
}

}  // namespace
}  // namespace safelight
