#include "imaging/preview.h"

#include <gtest/gtest.h>

#include <array>

#include "imaging/test_pictures.h"

namespace safelight {
namespace {

class PreviewTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Result<Preview> of(const test::Bytes& file, std::span<const Transform> transforms,
                              const StopCheck& stop = {}) {
        auto facts = probe(file, {});
        EXPECT_TRUE(facts);
        if (!facts) return forward(std::move(facts));
        return Preview::of({.bytes = file, .transforms = transforms}, *facts, stop);
    }
};

constexpr Transform attentive{.resize = Resize{20, 20, Fit::cover, false, Gravity::attention}};
constexpr Transform informed{.crop = Crop{.width_px = 20, .height_px = 20, .gravity = Gravity::entropy}};
constexpr Transform trimming{.trim = std::uint8_t{10}};
constexpr Transform plain{.resize = Resize{20, 20, Fit::inside, false, Gravity::attention}};

TEST_F(PreviewTest, NothingIsLookedAtWithoutNeed) {
    const auto preview = of(test::sample_file(Format::jpeg, 80, 60), std::array{plain});
    ASSERT_TRUE(preview);
    EXPECT_FALSE(preview->whole());
    EXPECT_EQ(preview->sight_for(plain).view, nullptr);
    EXPECT_FALSE(preview->sight_for(plain).content);
}

TEST_F(PreviewTest, AViewIsSmallAndUpright) {
    const std::array transforms{attentive, informed, plain};
    const auto preview = of(test::oriented_jpeg(Orientation::turned_90, 800, 400), transforms);
    ASSERT_TRUE(preview);
    EXPECT_FALSE(preview->whole()) << "a JPEG is shown smaller";
    const Pixels* view = preview->sight_for(attentive).view;
    ASSERT_NE(view, nullptr);
    EXPECT_EQ(preview->sight_for(informed).view, view);
    EXPECT_EQ(preview->sight_for(plain).view, nullptr);
    EXPECT_LT(test::mean_difference(*view, test::sample_pixels(128, 64, 3)), 4);
}

TEST_F(PreviewTest, OtherFormatsAreDecodedOnce) {
    const auto preview = of(test::sample_file(Format::png, 300, 2), std::array{informed});
    ASSERT_TRUE(preview);
    ASSERT_TRUE(preview->whole());
    EXPECT_EQ(preview->whole()->width_px, 300U);
    EXPECT_EQ(preview->sight_for(informed).view->width_px, 128U);
    EXPECT_EQ(preview->sight_for(informed).view->height_px, 1U);
}

TEST_F(PreviewTest, ATrimSeesAllPixels) {
    const test::Bytes file = test::oriented_jpeg(Orientation::turned_270, 70, 30);
    const auto preview = of(file, std::array{trimming, plain});
    ASSERT_TRUE(preview);
    ASSERT_TRUE(preview->whole());
    EXPECT_EQ(preview->whole()->width_px, 30U);
    EXPECT_EQ(preview->whole()->height_px, 70U);
    EXPECT_TRUE(preview->sight_for(trimming).content);
    EXPECT_FALSE(preview->sight_for(plain).content);
}

TEST_F(PreviewTest, CanBeCalledOff) {
    for (const Transform& transform : {attentive, trimming}) {
        const auto preview =
            of(test::sample_file(Format::jpeg, 300, 200), std::span(&transform, 1), [] { return true; });
        ASSERT_FALSE(preview);
        EXPECT_EQ(preview.error().code, ErrorCode::cancelled);
    }
}

}  // namespace
}  // namespace safelight
