// What happens to colours that sRGB cannot show, when `icc` keeps them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imaging/colour/gamut.h"
#include "imaging/colour/icc_profile.h"
#include "imaging/colour/test_delta_e.h"
#include "imaging/colour/test_patches.h"
#include "imaging/container/byte_view.h"
#include "imaging/container/byte_writer.h"
#include "imaging/metadata/attach.h"
#include "imaging/vips/save.h"
#include "imaging/webp/webp_animation.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using namespace test;

constexpr double difference_max = 2;

double difference(const Sample& display_p3, const Triple& xyz) {
    return delta_e_2000(lab_of_xyz(xyz_of_display_p3(display_p3)), lab_of_xyz(xyz));
}

void expect_saturated(const Bytes& file, std::string_view context) {
    const Pixels pixels = decoded(file);
    for (std::size_t i = 0; i < saturated.size(); ++i) {
        EXPECT_LT(difference(patch(pixels, i), xyz_of_display_p3(saturated[i])), difference_max)
            << context << i;
    }
}

Sample first_pixel(const Pixels& pixels) {
    return {pixels.samples[0], pixels.samples[1], pixels.samples[2]};
}

const Transform kept_in_png{.format = Format::png, .icc = Icc::keep};

/// display_p3_profile() with the primaries (XYZ at D50) and the curve of Adobe RGB (1998).
Bytes adobe_rgb_profile() {
    Bytes profile(display_p3_profile().begin(), display_p3_profile().end());
    const auto tag_at = [&](std::string_view name) {
        const ByteView view(profile);
        for (std::uint64_t at = 132;; at += 12) {
            if (view.has_text(at, name)) return std::size_t{view.u32be(at + 4)};
        }
    };
    const auto put_fixed = [&](std::size_t at, double value) {
        put_big(profile, at, static_cast<std::uint32_t>(static_cast<std::int32_t>(value * 65536)), 4);
    };
    const std::array<std::array<double, 3>, 3> primaries{
        {{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}}};
    constexpr std::array names{"rXYZ"sv, "gXYZ"sv, "bXYZ"sv};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t k = 0; k < 3; ++k) put_fixed(tag_at(names[i]) + 8 + 4 * k, primaries[i][k]);
    }
    constexpr std::array<double, 5> curve{2.19921875, 1, 0, 0, 0};
    for (std::size_t i = 0; i < curve.size(); ++i) put_fixed(tag_at("rTRC") + 12 + 4 * i, curve[i]);
    return profile;
}

class WideGamut : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(initialise_codecs());
        wide = png_of(patches(saturated), display_p3_profile());
    }

    Bytes wide;
};

TEST_F(WideGamut, DisplayP3StaysWhereItIsKept) {
    for (const Format format : {Format::png, Format::webp, Format::tiff, Format::jpeg, Format::avif}) {
        if (!can_write(format)) continue;
        const Bytes result =
            rendered_alone(wide, {.format = format, .quality = std::uint8_t{95}, .icc = Icc::keep});
        EXPECT_TRUE(holds_display_p3(result, format)) << name_of(format);
        expect_saturated(result, name_of(format));
    }
}

TEST_F(WideGamut, JpegXlSaysItsColoursWithoutAProfile) {
    if (!can_write(Format::jxl)) GTEST_SKIP() << "not on this machine: JPEG XL";
    for (const bool lossless : {false, true}) {
        Transform transform{.format = Format::jxl, .lossless = lossless, .icc = Icc::keep};
        if (!lossless) transform.quality = 95;
        const Bytes result = rendered_alone(rendered_alone(wide, transform), kept_in_png);
        EXPECT_TRUE(holds_display_p3(result, Format::png)) << lossless;
        expect_saturated(result, lossless ? "lossless" : "lossy");
    }
    const Bytes srgb =
        rendered_alone(rendered_alone(wide, {.format = Format::jxl, .lossless = true}), kept_in_png);
    EXPECT_TRUE(profile_in(srgb, Format::png).empty()) << "nothing was kept";
}

TEST_F(WideGamut, WhatIsDoneToAPictureLeavesItInDisplayP3) {
    if (!can_write(Format::jxl))
        GTEST_SKIP() << "not on this machine: JPEG XL, whose encoder sees what the pixels say";
    for (const std::string operations :
         {R"("rotate":90)", R"("rotate":12.5)", R"("flip":"horizontal")", R"("blur":0.5)", R"("sharpen":0.5)",
          R"("saturation":1.1)", R"("corner_radius":4)", R"("pad":{"top":3})", R"("background":"#ff0000")",
          R"("resize":{"width":48})", R"("corner_radius":4,"background":"#ffffff")"}) {
        const auto transform =
            parse_transform("{" + operations + R"(,"format":"jxl","lossless":true,"icc":"keep"})");
        ASSERT_TRUE(transform) << operations;
        const Bytes result = rendered_alone(rendered_alone(wide, *transform), kept_in_png);
        EXPECT_TRUE(holds_display_p3(result, Format::png)) << operations;
    }
}

TEST_F(WideGamut, AWatermarkOfSrgbIsLaidOverDisplayP3) {
    constexpr Sample colour{200, 30, 40};
    const Bytes mark = png_of(patches(std::span(&colour, 1)), {});
    const Watermark watermark{.image = ImageId{}, .position = Gravity::north_west, .scale = Hundredths{10}};
    const Transform transform{.watermark = watermark, .format = Format::png, .icc = Icc::keep};
    const std::array overlays{OverlayFile{watermark.image, mark}};
    const RenderInput input{.bytes = wide, .transforms = std::span(&transform, 1), .overlays = overlays};
    const auto output = render_all(input, {}, {});
    ASSERT_TRUE(output && output->pictures.front());
    const Bytes& result = output->pictures.front()->bytes;
    EXPECT_TRUE(holds_display_p3(result, Format::png));
    const Pixels pixels = decoded(result);
    EXPECT_LT(difference(first_pixel(pixels), xyz_of_srgb(colour)), 0.7);
    EXPECT_EQ(patch(pixels, 5), saturated[5]) << "what it does not cover stays";
}

TEST_F(WideGamut, AnAnimationInDisplayP3StaysAsWell) {
    std::vector<Pixels> frames;
    for (const Sample& colour : {Sample{255, 0, 0}, Sample{0, 255, 0}})
        frames.push_back(patches(std::span(&colour, 1)));
    FrameSequence sequence;
    sequence.timing.delays_ms = {100, 100};
    sequence.next = [&, at = std::size_t{0}]() mutable -> Result<Pixels> { return frames[at++]; };
    const Bytes file = attach(write_webp_animation(sequence, {.quality = 80, .lossless = true}, {}).value(),
                              Format::webp, {.exif = {}, .icc = display_p3_profile()})
                           .value();
    const Bytes kept = rendered_alone(file, {.format = Format::webp, .lossless = true, .icc = Icc::keep});
    EXPECT_TRUE(holds_display_p3(kept, Format::webp));
    EXPECT_EQ(patch(decoded(kept), 0), (Sample{255, 0, 0}));
    const Bytes converted = rendered_alone(file, {.format = Format::webp, .lossless = true});
    EXPECT_TRUE(profile_in(converted, Format::webp).empty());
    const auto frames_of = probe(kept, {});
    ASSERT_TRUE(frames_of);
    EXPECT_EQ(frames_of->frames, 2U);
}

/// The saturated patches, as a file says that they are of Display P3 without having a profile.
Bytes coded(Format format) {
    Bytes file = save_picture(patches(saturated), format, {.quality = 95}, {}).value();
    if (format == Format::png) {
        constexpr std::size_t header_end = 33;
        const Bytes chunk = png_chunk("cICP", bytes_of("\x0c\x0d\0\1"sv));
        file.insert(file.begin() + header_end, chunk.begin(), chunk.end());
        return file;
    }
    const Bytes name = bytes_of("colrnclx");
    const auto found = std::ranges::search(file, name);
    if (found.empty()) {
        ADD_FAILURE() << "the encoder writes no numbers";
        return file;
    }
    found.end()[1] = std::byte{12};  // primaries
    found.end()[3] = std::byte{13};  // curve
    return file;
}

TEST_F(WideGamut, DisplayP3IsKnownByItsNumbersAsWell) {
    for (const Format format : {Format::png, Format::avif}) {
        if (!can_write(format)) continue;
        const Bytes file = coded(format);
        const Bytes kept = rendered_alone(file, kept_in_png);
        EXPECT_TRUE(holds_display_p3(kept, Format::png)) << name_of(format);
        expect_saturated(kept, name_of(format));
        const Bytes converted = rendered_alone(file, {.format = Format::png});
        EXPECT_TRUE(profile_in(converted, Format::png).empty());
        EXPECT_EQ(decoded(converted).samples, decoded(rendered_alone(kept, {.format = Format::png})).samples)
            << "as by its profile";
    }
}

TEST_F(WideGamut, OfAPngItsNumbersCountForMoreThanItsProfile) {
    const auto with_numbers = [](Bytes file, std::string_view numbers) {
        constexpr std::size_t header_end = 33;
        const Bytes chunk = png_chunk("cICP", bytes_of(numbers));
        file.insert(file.begin() + header_end, chunk.begin(), chunk.end());
        return file;
    };
    const Bytes plain = save_picture(patches(saturated), Format::png, {}, {}).value();
    EXPECT_EQ(rendered_alone(with_numbers(wide, "\1\x0d\0\1"sv), kept_in_png),
              rendered_alone(plain, kept_in_png));
    EXPECT_EQ(rendered_alone(with_numbers(wide, "\x09\x10\0\1"sv), kept_in_png),
              rendered_alone(wide, kept_in_png))
        << "what is not known says nothing";
    Bytes damaged = with_numbers(wide, "\1\x0d\0\1"sv);
    damaged[33 + 8] ^= std::byte{1};
    EXPECT_EQ(rendered_alone(damaged, kept_in_png), rendered_alone(wide, kept_in_png));
}

TEST_F(WideGamut, AJpegInDisplayP3StaysAsWell) {
    const Bytes jpeg =
        rendered_alone(wide, {.format = Format::jpeg, .quality = std::uint8_t{95}, .icc = Icc::keep});
    const Bytes result = rendered_alone(jpeg, kept_in_png);
    EXPECT_TRUE(holds_display_p3(result, Format::png));
    EXPECT_LT(mean_difference(decoded(result), patches(saturated)), 3);
}

TEST_F(WideGamut, AdobeRgbBecomesDisplayP3) {
    // Colours that both can show, from their light: XYZ at D50 by the primaries above.
    const Bytes profile = adobe_rgb_profile();
    EXPECT_TRUE(has_wide_gamut(profile));
    EXPECT_FALSE(is_display_p3_profile(profile));
    constexpr std::array<Sample, 5> colours{
        {{200, 60, 60}, {90, 170, 90}, {60, 60, 200}, {128, 128, 128}, {220, 200, 90}}};
    const Bytes result = rendered_alone(png_of(patches(colours), profile), kept_in_png);
    EXPECT_TRUE(holds_display_p3(result, Format::png));
    const Pixels pixels = decoded(result);
    for (std::size_t i = 0; i < colours.size(); ++i) {
        Triple light{};
        for (std::size_t c = 0; c < 3; ++c) light[c] = std::pow(colours[i][c] / 255.0, 2.19921875);
        const Triple xyz{0.60974 * light[0] + 0.20528 * light[1] + 0.14919 * light[2],
                         0.31111 * light[0] + 0.62567 * light[1] + 0.06322 * light[2],
                         0.01947 * light[0] + 0.06087 * light[1] + 0.74457 * light[2]};
        EXPECT_LT(difference(patch(pixels, i), xyz), difference_max) << i;
    }
}

TEST_F(WideGamut, WhatIsNotWiderThanSrgbComesInSrgbWithoutAProfile) {
    for (const Bytes& file : {png_of(patches(colour_checker), {}), jpeg_with_profile("srgb"),
                              jpeg_with_profile("cmyk"), sample_file(Format::png, 40, 30, 1)}) {
        for (const Format format : {Format::png, Format::jpeg, Format::webp})
            EXPECT_TRUE(
                profile_in(rendered_alone(file, {.format = format, .icc = Icc::keep}), format).empty());
    }
    EXPECT_TRUE(profile_in(rendered_alone(wide, {.format = Format::png}), Format::png).empty());
    EXPECT_TRUE(profile_in(rendered_alone(wide, {.greyscale = true, .format = Format::png, .icc = Icc::keep}),
                           Format::png)
                    .empty());
    // GIF has no place for it.
    EXPECT_EQ(rendered_alone(wide, {.format = Format::gif, .icc = Icc::keep}),
              rendered_alone(wide, {.format = Format::gif}));
}

TEST_F(WideGamut, NoResultDependsOnWhatElseWasAskedFor) {
    const std::array transforms{Transform{.resize = Resize{40, 40}, .format = Format::png, .icc = Icc::keep},
                                Transform{.resize = Resize{40, 40}, .format = Format::png}};
    const auto both = rendered(wide, transforms, {}, {});
    ASSERT_TRUE(both);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ((*both)[i]->bytes, rendered_alone(wide, transforms[i]));
    EXPECT_NE((*both)[0]->bytes, (*both)[1]->bytes);
}

TEST_F(WideGamut, ColoursOfTheTransformAreMeantInSrgb) {
    Pixels clear(32, 32, 4);
    const Bytes file = attach(save_picture(clear, Format::png, {}, {}).value(), Format::png,
                              {.exif = {}, .icc = display_p3_profile()})
                           .value();
    const Transform transform{.background = Colour{200, 30, 40}, .format = Format::png, .icc = Icc::keep};
    const Pixels result = decoded(rendered_alone(file, transform));
    EXPECT_LT(difference(first_pixel(result), xyz_of_srgb({200, 30, 40})), 0.7);
}

}  // namespace
}  // namespace safelight
