#include "imaging/encode.h"

#include <gtest/gtest.h>

#include "imaging/test_pictures.h"
#include "imaging/vips/save.h"

namespace safelight {
namespace {

class Encode : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static std::vector<std::byte> encoded(Format format, const Transform& transform) {
        const auto picture = encode(textured(), format, transform, {});
        EXPECT_TRUE(picture) << name_of(format);
        return picture ? picture->bytes : std::vector<std::byte>{};
    }

    /// Hard to predict and easy to repeat.
    static Pixels textured() {
        Pixels pixels = test::sample_pixels(200, 150, 3);
        std::uint32_t state = 1;
        for (std::uint8_t& sample : pixels.samples) {
            state = state * 1664525 + 1013904223;
            sample = static_cast<std::uint8_t>(sample ^ (state >> 29));
        }
        return pixels;
    }
};

TEST_F(Encode, LosslessGivesEveryPixelBack) {
    for (const Format format : {Format::webp, Format::png, Format::tiff}) {
        if (!can_write(format)) continue;
        EXPECT_EQ(test::decoded(encoded(format, {.lossless = true})).samples, textured().samples)
            << name_of(format);
    }
    EXPECT_NE(test::decoded(encoded(Format::webp, {})).samples, textured().samples);
}

TEST_F(Encode, LosslessIsRefusedWhereThereIsNoWay) {
    for (const Format format : {Format::jpeg, Format::gif, Format::avif}) {
        const auto refused = output_format({.lossless = true}, {.format = format});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::unsupported_transform);
    }
    EXPECT_EQ(output_format({.lossless = true}, {.format = Format::png}), Format::png);
}

TEST_F(Encode, MoreEffortMakesASmallerFile) {
    for (const Format format : {Format::jpeg, Format::png, Format::webp, Format::avif}) {
        if (!can_write(format)) continue;
        const auto fast = encoded(format, {.effort = std::uint8_t{1}});
        const auto small = encoded(format, {.effort = std::uint8_t{9}});
        EXPECT_LT(small.size(), fast.size()) << name_of(format);
    }
    EXPECT_NE(encoded(Format::gif, {.effort = std::uint8_t{1}}),
              encoded(Format::gif, {.effort = std::uint8_t{9}}));
}

TEST_F(Encode, TheOriginalsFormatTakesWhatItHas) {
    EXPECT_EQ(encoded(Format::png, {.progressive = true}), encoded(Format::png, {}));
    EXPECT_NE(encoded(Format::jpeg, {.progressive = true}), encoded(Format::jpeg, {}));
}

}  // namespace
}  // namespace safelight
