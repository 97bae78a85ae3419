// The look of whole files, as render_all finds it.
#include "imaging/look/look_at.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>

#include "imaging/imaging.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

class LookOfFiles : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Look look_of(const Bytes& file, std::span<const Transform> transforms = {}) {
        const auto output =
            render_all({.bytes = file, .transforms = transforms, .wants_look = true}, ImageLimits{}, {});
        EXPECT_TRUE(output && output->look);
        return output && output->look ? *output->look : Look{};
    }
};

int distance(const Look& one, const Look& other) {
    return std::popcount(one.dhash ^ other.dhash);
}

/// The mean lightness, in the 63 steps of ThumbHash.
int lightness(const Look& look) {
    return std::to_integer<int>(look.thumbhash.front()) & 63;
}

TEST_F(LookOfFiles, ComesOnlyWhenItIsWanted) {
    const Bytes file = test::sample_file(Format::jpeg, 300, 200);
    const Transform transform{.resize = Resize{.width_px = 100, .height_px = 100}};
    const auto without = render_all({.bytes = file, .transforms = std::span(&transform, 1)}, {}, {});
    ASSERT_TRUE(without && without->pictures.front());
    EXPECT_FALSE(without->look);
    const auto with =
        render_all({.bytes = file, .transforms = std::span(&transform, 1), .wants_look = true}, {}, {});
    ASSERT_TRUE(with && with->pictures.front() && with->look);
    EXPECT_EQ(with->pictures.front()->bytes, without->pictures.front()->bytes);
    EXPECT_GE(with->look->palette.size(), 1U);
    EXPECT_EQ(with->look->dominant, with->look->palette.front());
    EXPECT_FALSE(with->look->thumbhash.empty());
    EXPECT_EQ(with->look->blurhash.size(), 28U) << "4 × 3 components";
}

TEST_F(LookOfFiles, NeedsNoTransform) {
    const Look look = look_of(test::sample_file(Format::png, 90, 120));
    EXPECT_NE(look.dhash, 0U);
    EXPECT_EQ(look.blurhash.size(), 28U) << "3 × 4 components";
}

TEST_F(LookOfFiles, IsThatOfTheUprightPicture) {
    const Look upright = look_of(test::oriented_jpeg(Orientation::upright, 80, 60));
    for (int i = 2; i <= 8; ++i) {
        const Look turned = look_of(test::oriented_jpeg(static_cast<Orientation>(i), 80, 60));
        EXPECT_LE(distance(upright, turned), 3) << i;
        EXPECT_LE(std::abs(lightness(upright) - lightness(turned)), 1) << i;
        EXPECT_EQ(turned.blurhash.size(), upright.blurhash.size()) << i;
    }
}

TEST_F(LookOfFiles, SurvivesScalingAndOtherFormats) {
    const Look original = look_of(test::sample_file(Format::png, 400, 300));
    for (const Format format : {Format::jpeg, Format::webp, Format::gif, Format::tiff}) {
        const Look other = look_of(test::sample_file(format, 200, 150));
        EXPECT_LE(distance(original, other), 6) << name_of(format);
    }
    const Transform flipped{.flip = Flip::horizontal, .format = Format::png};
    const auto mirrored =
        test::rendered(test::sample_file(Format::png, 400, 300), std::span(&flipped, 1), {}, {});
    ASSERT_TRUE(mirrored && mirrored->front());
    EXPECT_GT(distance(original, look_of(mirrored->front()->bytes)), 10) << "another picture";
}

TEST_F(LookOfFiles, IsTheSameWithAndWithoutLargerPicturesBesideIt) {
    const Bytes file = test::sample_file(Format::jpeg, 800, 600);
    const Transform thumbnail{.resize = Resize{.width_px = 100, .height_px = 100}};
    const Look beside = look_of(file, std::span(&thumbnail, 1));
    const Look alone = look_of(file);
    EXPECT_LE(distance(beside, alone), 2);
    EXPECT_LE(std::abs(lightness(beside) - lightness(alone)), 1);
}

TEST_F(LookOfFiles, GreyAndAlphaAndOddShapesHaveOne) {
    for (const std::uint32_t channels : {1U, 2U, 3U, 4U}) {
        const Look look = look_of(test::sample_file(Format::png, 70, 50, channels));
        EXPECT_LE(look.palette.size(), palette_max) << channels;
        EXPECT_LE(look.thumbhash.size(), thumbhash_bytes_max) << channels;
    }
    for (const auto& [width, height] : {std::pair{1U, 1U}, {1U, 3'000U}, {3'000U, 1U}}) {
        const Look look = look_of(test::sample_file(Format::png, width, height));
        EXPECT_GE(look.palette.size(), 1U) << width;
        EXPECT_LE(look.blurhash.size(), blurhash_characters_max) << width;
    }
}

TEST_F(LookOfFiles, WhatTheRenderRefusesStaysRefused) {
    Bytes file = test::sample_file(Format::png, 90, 120);
    file.resize(file.size() / 2);
    EXPECT_FALSE(render_all({.bytes = file, .transforms = {}, .wants_look = true}, ImageLimits{}, {}));
}

}  // namespace
}  // namespace safelight
