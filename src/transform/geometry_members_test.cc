// Crop, rotation and flip in JSON.
#include <gtest/gtest.h>

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
    EXPECT_EQ(transform->rotate, Rotation::three_quarters);
    EXPECT_EQ(transform->flip, Flip::vertical);
    EXPECT_EQ(to_json(*transform),
              R"({"crop":{"x":1,"y":2,"width":3,"height":4},"rotate":270,"flip":"vertical"})");
}

TEST(GeometryMembers, NoRotationIsTheDefault) {
    EXPECT_EQ(parse_transform(R"({"rotate":0})"), Transform{});
    EXPECT_EQ(to_json(Transform{}), "{}");
}

TEST(GeometryMembers, RefusesOtherValues) {
    for (const std::string value : {"45", "-90", "360", "\"90\"", "90.0", "true"}) {
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
