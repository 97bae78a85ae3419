// What transforms do to the pixels of whole files, with numbers.
#include <gtest/gtest.h>

#include "imaging/imaging.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

class Transforms : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    /// The pixels of `file` after `transform` (JSON), by way of a lossless format.
    static Pixels made(const Bytes& file, std::string_view json) {
        auto transform = parse_transform(json);
        EXPECT_TRUE(transform) << json;
        if (!transform) return {};
        transform->format = Format::png;
        const auto results = render_all(file, std::span(&*transform, 1), {}, {});
        EXPECT_TRUE(results && results->front()) << json;
        if (!results || !results->front()) return {};
        return test::decoded(results->front()->bytes);
    }
};

/// The part of a picture that is `width` × `height` pixels from (x, y) on.
Pixels part_of(const Pixels& whole, std::uint32_t x, std::uint32_t y, std::uint32_t width,
               std::uint32_t height) {
    Pixels part(width, height, whole.channels);
    for (std::uint32_t row = 0; row < height; ++row) {
        const std::uint8_t* from = whole.row(y + row) + std::size_t{x} * whole.channels;
        std::copy_n(from, part.row_bytes(), part.row(row));
    }
    return part;
}

TEST_F(Transforms, GravityKeepsItsSideWhateverTheOrientation) {
    const Pixels whole = test::sample_pixels(80, 60, 3);
    for (int i = 1; i <= 8; ++i) {
        const Bytes file = test::oriented_jpeg(static_cast<Orientation>(i), 80, 60);
        const auto kept = [&](std::string_view gravity) {
            return made(file, R"({"resize":{"width":60,"height":60,"fit":"cover","gravity":")" +
                                  std::string(gravity) + R"("}})");
        };
        EXPECT_LT(test::mean_difference(kept("west"), part_of(whole, 0, 0, 60, 60)), 3) << i;
        EXPECT_LT(test::mean_difference(kept("centre"), part_of(whole, 10, 0, 60, 60)), 3) << i;
        EXPECT_LT(test::mean_difference(kept("north-east"), part_of(whole, 20, 0, 60, 60)), 3) << i;
        EXPECT_GT(test::mean_difference(kept("west"), kept("east")), 8) << i;
    }
}

TEST_F(Transforms, ContainFillsTheRestOfTheBox) {
    const Bytes file = test::sample_file(Format::png, 80, 60);
    const Pixels out = made(file, R"({"resize":{"width":40,"height":40,"fit":"contain","gravity":"south"}})");
    ASSERT_EQ(out.width_px, 40U);
    ASSERT_EQ(out.height_px, 40U);
    EXPECT_EQ(part_of(out, 0, 0, 40, 10).samples, std::vector<std::uint8_t>(40 * 10 * 3, 255));
    EXPECT_LT(test::mean_difference(part_of(out, 0, 10, 40, 30), test::sample_pixels(40, 30, 3)), 2);
}

TEST_F(Transforms, ContainIsTransparentAroundAPictureWithAlpha) {
    const Bytes file = test::sample_file(Format::png, 80, 60, 4);
    const Pixels out = made(file, R"({"resize":{"width":40,"height":40,"fit":"contain"}})");
    ASSERT_EQ(out.channels, 4U);
    EXPECT_EQ(out.row(0)[3], 0);
    EXPECT_EQ(out.row(39)[3], 0);
    EXPECT_GT(out.row(20)[3], 50);
}

TEST_F(Transforms, DprAndLongestSideSetTheSize) {
    const Bytes file = test::sample_file(Format::jpeg, 320, 240);
    const Pixels out = made(file, R"({"resize":{"longest_side":40,"dpr":1.5}})");
    EXPECT_EQ(out.width_px, 60U);
    EXPECT_EQ(out.height_px, 45U);
    EXPECT_LT(test::mean_difference(out, test::sample_pixels(60, 45, 3)), 2);
}

}  // namespace
}  // namespace safelight
