#include "imaging/imaging.h"

#include <gtest/gtest.h>

#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

class Imaging : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Result<EncodedPicture> rendered(std::span<const std::byte> file, const Transform& transform) {
        auto results = test::rendered(file, std::span(&transform, 1), {}, {});
        if (!results) return forward(std::move(results));
        return std::move(results->front());
    }
};

constexpr Transform thumbnail{.resize = Resize{20, 20}};

TEST_F(Imaging, EveryFormatBecomesAThumbnailOfItself) {
    for (const Format format : all_formats) {
        const Bytes file = test::sample_file(format, 80, 60);
        if (file.empty()) continue;  // this libvips cannot write it
        const auto picture = rendered(file, thumbnail);
        ASSERT_TRUE(picture) << name_of(format) << picture.error().log_text;
        const Format expected = format == Format::heic  ? Format::jpeg
                                : format == Format::bmp ? Format::png
                                                        : format;
        EXPECT_EQ(picture->format, expected);
        EXPECT_EQ(picture->width_px, 20U);
        EXPECT_EQ(picture->height_px, 15U);
        const Pixels pixels = test::decoded(picture->bytes);
        EXPECT_EQ(pixels.width_px, 20U);
        EXPECT_EQ(pixels.height_px, 15U);
        // GIF has 256 colours to say it with.
        if (pixels.channels == 3) {
            EXPECT_LT(test::mean_difference(pixels, test::sample_pixels(20, 15, 3)), 8) << name_of(format);
        }
    }
}

TEST_F(Imaging, AlphaIsKeptOrLaidOnWhite) {
    const Bytes file = test::sample_file(Format::png, 80, 60, 4);
    const auto kept = rendered(file, thumbnail);
    ASSERT_TRUE(kept);
    EXPECT_LT(test::mean_difference(test::decoded(kept->bytes), test::sample_pixels(20, 15, 4)), 3);
    const auto flat = rendered(file, {.resize = Resize{20, 20}, .format = Format::jpeg});
    ASSERT_TRUE(flat);
    EXPECT_EQ(test::decoded(flat->bytes).channels, 3U);
}

TEST_F(Imaging, AllOrientationsComeOutUpright) {
    const Pixels expected = test::sample_pixels(20, 15, 3);
    for (int i = 1; i <= 8; ++i) {
        const auto picture = rendered(test::oriented_jpeg(static_cast<Orientation>(i), 80, 60), thumbnail);
        ASSERT_TRUE(picture);
        EXPECT_LT(test::mean_difference(test::decoded(picture->bytes), expected), 4) << "orientation " << i;
    }
}

TEST_F(Imaging, NoMetadataComesThrough) {
    for (const Format format : {Format::jpeg, Format::png, Format::webp}) {
        const Bytes file = test::file_with_metadata(format, Orientation::turned_90);
        ASSERT_TRUE(test::contains(file, "Secret")) << name_of(format);
        for (const Format output : {Format::jpeg, Format::png, Format::webp, Format::tiff, Format::avif,
                                    Format::gif, Format::jxl}) {
            const auto picture = rendered(file, {.resize = Resize{20, 20}, .format = output});
            ASSERT_TRUE(picture) << name_of(output);
            for (const std::string_view text :
                 {"Secret", "Exif", "EXIF", "eXIf", "GPS", "xmp", "XMP", "iCCP", "ICC_PROFILE"}) {
                EXPECT_FALSE(test::contains(picture->bytes, text))
                    << name_of(format) << name_of(output) << text;
            }
            EXPECT_EQ(picture->width_px, 15U);  // turned
        }
    }
}

TEST_F(Imaging, ColoursComeToSrgb) {
    const Pixels expected = test::sample_pixels(64, 48, 3);
    for (const std::string_view profile : {"srgb", "p3", "cmyk"}) {
        const auto picture = rendered(test::jpeg_with_profile(profile), {.format = Format::png});
        ASSERT_TRUE(picture) << profile;
        // Inks cannot show all of sRGB.
        EXPECT_LT(test::mean_difference(test::decoded(picture->bytes), expected), profile == "cmyk" ? 20 : 4)
            << profile;
    }
}

TEST_F(Imaging, TheSameComesOutEachTime) {
    for (const Format format : all_formats) {
        const Bytes file = test::sample_file(format, 80, 60);
        if (file.empty()) continue;
        const auto once = rendered(file, thumbnail);
        const auto again = rendered(file, thumbnail);
        ASSERT_TRUE(once && again);
        EXPECT_EQ(once->bytes, again->bytes) << name_of(format);
    }
}

TEST_F(Imaging, OneCallMakesThemAllAndOneFailureIsItsOwn) {
    const Bytes file = test::sample_file(Format::png, 80, 60);
    const std::array transforms{thumbnail, Transform{.format = Format::heic},
                                Transform{.resize = Resize{30, 30, Fit::cover}, .format = Format::webp}};
    const auto results = test::rendered(file, transforms, {}, {});
    ASSERT_TRUE(results);
    ASSERT_EQ(results->size(), 3U);
    EXPECT_TRUE((*results)[0]);
    ASSERT_FALSE((*results)[1]);
    EXPECT_EQ((*results)[1].error().code, ErrorCode::unsupported_transform);
    ASSERT_TRUE((*results)[2]);
    EXPECT_EQ((*results)[2]->width_px, 30U);
    EXPECT_EQ((*results)[2]->height_px, 30U);
}

TEST_F(Imaging, WithoutTransformsThereIsNothingToMake) {
    const auto none = test::rendered(test::sample_file(Format::png, 8, 8), {}, {}, {});
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->empty());
}

TEST_F(Imaging, AGifKeepsItsCanvas) {
    // libvips takes 640 × 480 and anything above 2048 for a mistake of the encoder.
    for (const auto& [width, height] : {std::pair{640, 480}, {3000, 100}}) {
        const Bytes file =
            test::gif_of(1, static_cast<std::uint16_t>(width), static_cast<std::uint16_t>(height));
        const auto picture = rendered(file, {.format = Format::png});
        ASSERT_TRUE(picture) << picture.error().log_text;
        const Pixels pixels = test::decoded(picture->bytes);
        EXPECT_EQ(pixels.width_px, static_cast<std::uint32_t>(width));
        EXPECT_EQ(pixels.height_px, static_cast<std::uint32_t>(height));
    }
}

TEST_F(Imaging, SixteenBitsBecomeEight) {
    Bytes row(1 + 4 * 8, std::byte{0});
    constexpr std::array<unsigned, 16> samples{0xff, 0xff, 0x80, 0x80, 0x00, 0x00, 0xff, 0xff,
                                               0x12, 0x34, 0xab, 0xcd, 0x40, 0x40, 0x80, 0x80};
    for (std::size_t i = 0; i < 32; ++i) row[1 + i] = static_cast<std::byte>(samples[i % 16]);
    const auto picture = rendered(test::png_of(4, 1, 16, 6, row), {});
    ASSERT_TRUE(picture);
    const Pixels pixels = test::decoded(picture->bytes);
    EXPECT_EQ(pixels.samples, (std::vector<std::uint8_t>{255, 128, 0, 255, 0x12, 0xab, 0x40, 128,  //
                                                         255, 128, 0, 255, 0x12, 0xab, 0x40, 128}));
}

TEST_F(Imaging, QualityCounts) {
    const Bytes file = test::sample_file(Format::png, 200, 150);
    for (const Format format : {Format::jpeg, Format::webp}) {
        const auto low = rendered(file, {.format = format, .quality = std::uint8_t{10}});
        const auto high = rendered(file, {.format = format, .quality = std::uint8_t{95}});
        ASSERT_TRUE(low && high);
        EXPECT_LT(low->bytes.size(), high->bytes.size());
    }
}

TEST_F(Imaging, WorkCanBeCalledOff) {
    for (const Format format : {Format::jpeg, Format::png, Format::webp}) {
        const Bytes file = test::sample_file(format, 300, 200);
        const auto result = test::rendered(file, std::span(&thumbnail, 1), {}, [] { return true; });
        ASSERT_FALSE(result) << name_of(format);
        EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    }
}

TEST_F(Imaging, PublicTextsSayNothingOfTheInside) {
    Bytes file = test::sample_file(Format::png, 300, 200);
    file.resize(file.size() / 2);
    const auto result = probe(file, {});
    ASSERT_FALSE(result);
    for (const std::string_view word : {"vips", "libpng", "buffer", "/"}) {
        EXPECT_FALSE(result.error().public_text.contains(word));
    }
}

TEST_F(Imaging, NamesItsCodecs) {
    const auto lines = codec_versions();
    ASSERT_GE(lines.size(), 3U);
    EXPECT_TRUE(lines[0].starts_with("libvips 8."));
    EXPECT_TRUE(lines[1].starts_with("JPEG: libjpeg-turbo "));
}

}  // namespace
}  // namespace safelight
