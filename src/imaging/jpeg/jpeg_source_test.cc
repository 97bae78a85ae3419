#include "imaging/jpeg/jpeg_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "imaging/jpeg/libjpeg.h"
#include "imaging/jpeg/quantisation.h"
#include "imaging/test_pictures.h"
#include "imaging/vips/vips_source.h"

namespace safelight {
namespace {

using test::Bytes;

Plan whole(std::uint32_t width, std::uint32_t height, std::uint32_t to_width, std::uint32_t to_height) {
    return {{0, 0, static_cast<double>(width), static_cast<double>(height)}, to_width, to_height};
}

TEST(JpegSource, ShrinksStronglyOnlyForSmallResults) {
    EXPECT_EQ(jpeg_shrink_for(whole(3200, 3200, 100, 100)), 8U);
    EXPECT_EQ(jpeg_shrink_for(whole(3199, 3200, 100, 100)), 4U);
    EXPECT_EQ(jpeg_shrink_for(whole(1600, 1600, 100, 100)), 4U);
    EXPECT_EQ(jpeg_shrink_for(whole(1600, 1599, 100, 100)), 2U);
    EXPECT_EQ(jpeg_shrink_for(whole(1600, 800, 400, 200)), 2U);
    EXPECT_EQ(jpeg_shrink_for(whole(1600, 799, 400, 200)), 1U);
    EXPECT_EQ(jpeg_shrink_for(whole(100, 100, 400, 400)), 1U);
}

TEST(JpegSource, AgreesWithTheGeneralWay) {
    const Bytes file = test::sample_file(Format::jpeg, 640, 480);
    ImageFacts facts{.format = Format::jpeg, .width_px = 640, .height_px = 480};
    const std::array plans{whole(640, 480, 100, 75), whole(640, 480, 320, 240), whole(640, 480, 640, 480),
                           whole(640, 480, 20, 15), Plan{{80, 0, 480, 480}, 90, 90}};
    const auto fast = read_jpeg(file, plans, {});
    const auto general = read_by_vips(file, facts, plans, Icc::srgb, {});
    ASSERT_TRUE(fast && general);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        EXPECT_LT(test::mean_difference((*fast)[i], (*general)[i]), 1.0) << i;
    }
}

TEST(JpegSource, ASizeLooksTheSameAloneAndInCompany) {
    const Bytes file = test::sample_file(Format::jpeg, 640, 480);
    const std::array plans{whole(640, 480, 100, 75), whole(640, 480, 101, 76), whole(640, 480, 300, 225)};
    const auto together = read_jpeg(file, plans, {});
    ASSERT_TRUE(together);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const auto alone = read_jpeg(file, std::span(plans).subspan(i, 1), {});
        ASSERT_TRUE(alone);
        EXPECT_LT(test::mean_difference(alone->front(), (*together)[i]), 0.5) << i;
    }
}

bool is_plain(const Bytes& file) {
    const auto facts = probe(file, {});
    return facts && plain_gamut(file, *facts, Icc::srgb);
}

TEST(JpegSource, TakesPlainColoursAlone) {
    EXPECT_TRUE(is_plain(test::sample_file(Format::jpeg, 16, 16, 3)));
    EXPECT_TRUE(is_plain(test::sample_file(Format::jpeg, 16, 16, 1)));
    EXPECT_TRUE(is_plain(test::jpeg_with_profile("srgb")));
    EXPECT_FALSE(is_plain(test::jpeg_with_profile("p3")));
    EXPECT_FALSE(is_plain(test::jpeg_with_profile("cmyk")));
}

TEST(JpegSource, StopsWhenItIsCalledOff) {
    const Bytes file = test::sample_file(Format::jpeg, 640, 480);
    const std::array plans{whole(640, 480, 100, 75)};
    int asked = 0;
    const auto result = read_jpeg(file, plans, [&] { return ++asked > 3; });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_EQ(asked, 4);
}

TEST(JpegWriter, TheStepsFollowTheirFormula) {
    for (unsigned i = 0; i < quantisation_steps.size(); ++i) {
        const double distance = std::hypot(i % 8, i / 8);
        EXPECT_EQ(quantisation_steps[i], std::lround(13 * (1 + std::pow(distance / 3, 1.5)))) << i;
    }
}

TEST(JpegWriter, AFileHasOneTableOfStepsScaledByQuality) {
    const Pixels pixels = test::sample_pixels(64, 48, 3);
    for (const auto& [quality, first] : {std::pair{50, 13}, {75, 7}, {100, 1}}) {
        const auto file = write_jpeg(pixels, {.quality = static_cast<std::uint8_t>(quality)});
        ASSERT_TRUE(file);
        const std::array marker{std::byte{0xff}, std::byte{0xdb}, std::byte{0}, std::byte{67}, std::byte{0}};
        const auto found = std::ranges::search(*file, marker);
        ASSERT_EQ(found.size(), marker.size());
        EXPECT_EQ(std::to_integer<int>(*found.end()), first);
        const std::span behind(found.end(), file->end());
        EXPECT_TRUE(std::ranges::search(behind, std::span(marker).first(2)).empty());
    }
}

TEST(JpegWriter, WritesWhatReadersRead) {
    for (const std::uint32_t channels : {1U, 3U}) {
        for (const std::uint8_t quality :
             {std::uint8_t{1}, std::uint8_t{89}, std::uint8_t{90}, std::uint8_t{100}}) {
            const Pixels pixels = test::sample_pixels(33, 17, channels);
            const auto file = write_jpeg(pixels, {quality});
            ASSERT_TRUE(file);
            const Pixels again = test::decoded(*file);
            EXPECT_EQ(again.channels, channels);
            EXPECT_LT(test::mean_difference(again, pixels), quality == 1 ? 40 : 3) << int{quality};
        }
    }
}

TEST(JpegWriter, OtherCodesKeepThePixels) {
    const Pixels pixels = test::sample_pixels(330, 170, 3);
    const auto baseline = write_jpeg(pixels, {});
    const auto optimised = write_jpeg(pixels, {.optimised = true});
    const auto progressive = write_jpeg(pixels, {.progressive = true});
    ASSERT_TRUE(baseline && optimised && progressive);
    EXPECT_TRUE(test::contains(*baseline, "\xff\xc0"));
    EXPECT_TRUE(test::contains(*optimised, "\xff\xc0"));
    EXPECT_FALSE(test::contains(*progressive, "\xff\xc0"));
    EXPECT_TRUE(test::contains(*progressive, "\xff\xc2"));
    EXPECT_LT(optimised->size(), baseline->size());
    const Pixels expected = test::decoded(*baseline);
    EXPECT_EQ(test::decoded(*optimised).samples, expected.samples);
    EXPECT_EQ(test::decoded(*progressive).samples, expected.samples);
}

TEST(JpegWriter, RefusesWhatTheFormatCannotHold) {
    const auto file = write_jpeg(Pixels(65501, 1, 1), {});
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::renderer_failed);
}

}  // namespace
}  // namespace safelight
