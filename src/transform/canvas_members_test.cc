// Pad and background in JSON.
#include <gtest/gtest.h>

#include "transform/testing/faulty.h"
#include "transform/transform.h"

namespace safelight {
namespace {

using testing::faulty;
using testing::Pointers;

TEST(CanvasMembers, AreRead) {
    const auto transform = parse_transform(R"({"background":"#0aFF7e","pad":{"left":4,"top":1}})");
    ASSERT_TRUE(transform);
    EXPECT_EQ(transform->pad, (Pad{1, 0, 0, 4}));
    EXPECT_EQ(transform->background, (Colour{10, 255, 126}));
    EXPECT_EQ(to_json(*transform), R"({"pad":{"top":1,"left":4},"background":"#0aff7e"})");
}

TEST(CanvasMembers, NoPadIsTheDefault) {
    EXPECT_EQ(parse_transform(R"({"pad":{"top":0,"right":0,"bottom":0,"left":0}})"), Transform{});
}

TEST(CanvasMembers, RefusesOtherValues) {
    for (const std::string value :
         {"\"red\"", "\"#fff\"", "\"#gggggg\"", "\"ffffff\"", "\"#ffffff0\"", "0", "\"\""}) {
        EXPECT_EQ(faulty(R"({"background":)" + value + "}"), Pointers{"/background"}) << value;
    }
    EXPECT_EQ(faulty(R"({"pad":5})"), Pointers{"/pad"});
    EXPECT_EQ(faulty(R"({"pad":{"top":-1,"right":16384,"middle":1}})"),
              (Pointers{"/pad/middle", "/pad/right", "/pad/top"}));
}

TEST(CanvasMembers, CornersAndAWatermarkAreRead) {
    const std::string text =
        R"({"watermark":{"image":"01934b7e-5f00-7abc-8def-0123456789ab","position":"north","opacity":0.5,)"
        R"("scale":0.1,"margin":8},"corner_radius":20})";
    const auto transform = parse_transform(text);
    ASSERT_TRUE(transform);
    EXPECT_EQ(transform->watermark->opacity, Hundredths{50});
    EXPECT_EQ(to_json(*transform), text);
}

TEST(CanvasMembers, RefusesAWatermarkThatCannotBe) {
    EXPECT_EQ(faulty(R"({"watermark":{}})"), Pointers{"/watermark/image"});
    EXPECT_EQ(
        faulty(R"({"watermark":{"image":"logo.png","position":"focal","opacity":0,"scale":1.5}})"),
        (Pointers{"/watermark/image", "/watermark/opacity", "/watermark/position", "/watermark/scale"}));
    EXPECT_EQ(faulty(R"({"corner_radius":16384})"), Pointers{"/corner_radius"});
}

}  // namespace
}  // namespace safelight
