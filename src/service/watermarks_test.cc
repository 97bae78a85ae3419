#include "service/watermarks.h"

#include <gtest/gtest.h>

#include "renderer/renderer.h"
#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

VariantRequest marked(const std::string& name, ImageId image) {
    return {name, {.watermark = Watermark{.image = image}}};
}

class WatermarksTest : public ::testing::Test {
  protected:
    ManualClock clock{Timestamp{1'700'000'000'000ms}};
    House house{clock};
    const std::unique_ptr<Library> library = house.make_library();
    const ImageId logo = house.upload({}).image.id;
    const ImageId nobodys = house.ids.next<ImageId>();
    const AccountId stranger = house.ids.next<AccountId>();
};

TEST_F(WatermarksTest, EachImageIsNamedOnce) {
    const std::vector variants{marked("a", nobodys), VariantRequest{"plain", {}}, marked("b", logo),
                               marked("c", nobodys)};
    EXPECT_EQ(watermarks_of(variants), (std::vector{nobodys, logo}));
    const auto before = house.script.count("find_image");
    EXPECT_TRUE(check_watermarks(house.catalog, house.owner, std::vector{VariantRequest{"plain", {}}}));
    EXPECT_EQ(house.script.count("find_image"), before);
    EXPECT_TRUE(
        check_watermarks(house.catalog, house.owner, std::vector{marked("a", logo), marked("b", logo)}));
    EXPECT_EQ(house.script.count("find_image"), before + 1);
}

TEST_F(WatermarksTest, AnUnknownOneIsRefusedWithItsPlace) {
    const std::vector variants{marked("a", logo), marked("b", nobodys), marked("c", nobodys)};
    const Status checked = check_watermarks(house.catalog, house.owner, variants);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::unsupported_transform);
    const std::string text = "The watermark " + nobodys.to_string() + " is none of your images.";
    EXPECT_EQ(checked.error().faults, (std::vector<Fault>{{"/variants/1", text}, {"/variants/2", text}}));
}

TEST_F(WatermarksTest, SomebodyElsesLooksLikeNone) {
    const Status checked = check_watermarks(house.catalog, stranger, std::vector{marked("a", logo)});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().faults.front().detail,
              "The watermark " + logo.to_string() + " is none of your images.");
}

TEST_F(WatermarksTest, TooManyAreRefused) {
    std::vector<VariantRequest> variants;
    for (std::size_t i = 0; i <= overlays_max; ++i)
        variants.push_back(marked(std::to_string(i), house.ids.next<ImageId>()));
    const auto before = house.script.count("find_image");
    const Status checked = check_watermarks(house.catalog, house.owner, variants);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::unsupported_transform);
    EXPECT_EQ(checked.error().public_text,
              "The variants name 9 images as watermarks; 8 can be used at once.");
    EXPECT_EQ(house.script.count("find_image"), before);
}

TEST_F(WatermarksTest, ACatalogThatDoesNotAnswerIsPassingTrouble) {
    house.script.before("find_image", failing(ErrorCode::unavailable));
    const Status checked = check_watermarks(house.catalog, house.owner, std::vector{marked("a", logo)});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::unavailable);
}

TEST_F(WatermarksTest, RequestsForVariantsAreChecked) {
    const Job job = house.upload({});
    const auto refused = library->request_variants(house.owner, job.id, std::vector{marked("a", nobodys)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported_transform);
    EXPECT_TRUE(house.find(job.id).image.variants.empty());
    EXPECT_TRUE(library->request_variants(house.owner, job.id, std::vector{marked("a", logo)}));
}

TEST_F(WatermarksTest, UploadsAreCheckedAndLeaveNothingBehind) {
    const auto ingest = house.make_ingest();
    const auto stored = house.stored();
    for (const std::size_t size : {1'000U, 1'000'000U}) {
        const auto upload = value_of(ingest->begin(house.owner));
        ASSERT_TRUE(upload->write(make_picture(size)));
        const auto refused = upload->finish({.variants = {marked("a", nobodys)}});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::unsupported_transform);
        EXPECT_EQ(house.stored(), stored);
        house.expect_in_order();
    }
    const auto other = value_of(ingest->begin(stranger));
    ASSERT_TRUE(other->write(make_picture(500)));
    EXPECT_FALSE(other->finish({.variants = {marked("a", logo)}}));
    const auto upload = value_of(ingest->begin(house.owner));
    ASSERT_TRUE(upload->write(make_picture(700)));
    EXPECT_TRUE(upload->finish({.variants = {marked("a", logo)}}));
}

}  // namespace
}  // namespace safelight
