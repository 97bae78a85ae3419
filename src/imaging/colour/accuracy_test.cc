// How near results come to the colours that files mean, as CIEDE2000.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "imaging/colour/gamut.h"
#include "imaging/colour/icc_profile.h"
#include "imaging/colour/test_delta_e.h"
#include "imaging/container/byte_view.h"
#include "imaging/container/byte_writer.h"
#include "imaging/metadata/attach.h"
#include "imaging/test_pictures.h"
#include "imaging/vips/load.h"
#include "imaging/vips/save.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;
using test::Lab;

using Sample = std::array<std::uint8_t, 3>;

constexpr double difference_max = 2;
constexpr std::uint32_t patch_px = 16;

/// The patches of a ColorChecker Classic in sRGB, as X-Rite gives them.
constexpr std::array<Sample, 24> colour_checker{
    {{115, 82, 68},   {194, 150, 130}, {98, 122, 157},  {87, 108, 67},   {133, 128, 177}, {103, 189, 170},
     {214, 126, 44},  {80, 91, 166},   {193, 90, 99},   {94, 60, 108},   {157, 188, 64},  {224, 163, 46},
     {56, 61, 150},   {70, 148, 73},   {175, 54, 60},   {231, 199, 31},  {187, 86, 149},  {8, 133, 161},
     {243, 243, 242}, {200, 200, 200}, {160, 160, 160}, {122, 122, 121}, {85, 85, 85},    {52, 52, 52}}};

/// What sRGB cannot show.
constexpr std::array<Sample, 6> saturated{
    {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}, {0, 230, 230}, {250, 20, 180}}};

/// Squares in a row.
Pixels patches(std::span<const Sample> colours) {
    Pixels pixels(static_cast<std::uint32_t>(colours.size()) * patch_px, patch_px, 3);
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        for (std::uint32_t x = 0; x < pixels.width_px; ++x)
            std::ranges::copy(colours[x / patch_px], pixels.row(y) + std::size_t{x} * 3);
    }
    return pixels;
}

Sample patch(const Pixels& pixels, std::size_t index) {
    const std::uint8_t* middle =
        pixels.row(patch_px / 2) + (index * patch_px + patch_px / 2) * pixels.channels;
    return {middle[0], middle[1], middle[2]};
}

Bytes png_of(const Pixels& pixels, std::span<const std::byte> profile) {
    return attach(save_picture(pixels, Format::png, {}, {}).value(), Format::png,
                  {.exif = {}, .icc = profile})
        .value();
}

/// As other programs see it.
Bytes profile_in(const Bytes& file, Format format) {
    const auto picture = load_picture(file, format);
    EXPECT_TRUE(picture);
    if (!picture || vips_image_get_typeof(picture->get(), VIPS_META_ICC_NAME) == 0) return {};
    const void* data = nullptr;
    std::size_t size = 0;
    vips_image_get_blob(picture->get(), VIPS_META_ICC_NAME, &data, &size);
    const auto* begin = static_cast<const std::byte*>(data);
    return {begin, begin + size};
}

bool holds_display_p3(const Bytes& file, Format format) {
    return std::ranges::equal(profile_in(file, format), display_p3_profile());
}

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

class ColourAccuracy : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Bytes rendered(const Bytes& file, const Transform& transform) {
        const auto pictures = test::rendered(file, std::span(&transform, 1), {}, {});
        EXPECT_TRUE(pictures && pictures->front());
        return pictures && pictures->front() ? pictures->front()->bytes : Bytes{};
    }
};

TEST(Ciede2000, AgreesWithThePublishedTestData) {
    struct Row {
        Lab one, other;
        double expected;
    };
    // Sharma, Wu and Dalal (2005), table 1.
    constexpr std::array rows{Row{{50, 2.6772, -79.7751}, {50, 0, -82.7485}, 2.0425},
                              Row{{50, 3.1571, -77.2803}, {50, 0, -82.7485}, 2.8615},
                              Row{{50, 2.8361, -74.0200}, {50, 0, -82.7485}, 3.4412},
                              Row{{50, -1.3802, -84.2814}, {50, 0, -82.7485}, 1.0000},
                              Row{{50, -1.1848, -84.8006}, {50, 0, -82.7485}, 1.0000},
                              Row{{50, -0.9009, -85.5211}, {50, 0, -82.7485}, 1.0000},
                              Row{{50, 0, 0}, {50, -1, 2}, 2.3669},
                              Row{{50, -1, 2}, {50, 0, 0}, 2.3669},
                              Row{{50, 2.49, -0.001}, {50, -2.49, 0.0009}, 7.1792},
                              Row{{50, 2.49, -0.001}, {50, -2.49, 0.0010}, 7.1792},
                              Row{{50, 2.49, -0.001}, {50, -2.49, 0.0011}, 7.2195},
                              Row{{50, 2.49, -0.001}, {50, -2.49, 0.0012}, 7.2195},
                              Row{{50, -0.001, 2.49}, {50, 0.0009, -2.49}, 4.8045},
                              Row{{50, -0.001, 2.49}, {50, 0.0010, -2.49}, 4.8045},
                              Row{{50, -0.001, 2.49}, {50, 0.0011, -2.49}, 4.7461},
                              Row{{50, 2.5, 0}, {50, 0, -2.5}, 4.3065},
                              Row{{50, 2.5, 0}, {73, 25, -18}, 27.1492},
                              Row{{50, 2.5, 0}, {61, -5, 29}, 22.8977},
                              Row{{50, 2.5, 0}, {56, -27, -3}, 31.9030},
                              Row{{50, 2.5, 0}, {58, 24, 15}, 19.4535},
                              Row{{50, 2.5, 0}, {50, 3.1736, 0.5854}, 1.0000},
                              Row{{50, 2.5, 0}, {50, 3.2972, 0}, 1.0000},
                              Row{{50, 2.5, 0}, {50, 1.8634, 0.5757}, 1.0000},
                              Row{{50, 2.5, 0}, {50, 3.2592, 0.3350}, 1.0000},
                              Row{{60.2574, -34.0099, 36.2677}, {60.4626, -34.1751, 39.4387}, 1.2644},
                              Row{{63.0109, -31.0961, -5.8663}, {62.8187, -29.7946, -4.0864}, 1.2630},
                              Row{{61.2901, 3.7196, -5.3901}, {61.4292, 2.2480, -4.9620}, 1.8731},
                              Row{{35.0831, -44.1164, 3.7933}, {35.0232, -40.0716, 1.5901}, 1.8645},
                              Row{{22.7233, 20.0904, -46.6940}, {23.0331, 14.9730, -42.5619}, 2.0373},
                              Row{{36.4612, 47.8580, 18.3852}, {36.2715, 50.5065, 21.2231}, 1.4146},
                              Row{{90.8027, -2.0831, 1.4410}, {91.1528, -1.6435, 0.0447}, 1.4441},
                              Row{{90.9257, -0.5406, -0.9208}, {88.6381, -0.8985, -0.7239}, 1.5381},
                              Row{{6.7747, -0.2908, -2.4247}, {5.8714, -0.0985, -2.2286}, 0.6377},
                              Row{{2.0776, 0.0795, -1.1350}, {0.9033, -0.0636, -0.5514}, 0.9082}};
    for (const Row& row : rows) EXPECT_NEAR(test::delta_e_2000(row.one, row.other), row.expected, 0.00005);
}

TEST_F(ColourAccuracy, DisplayP3ComesToTheSameColoursInSrgb) {
    std::vector<Sample> stored;
    for (const Sample& colour : colour_checker) stored.push_back(test::display_p3_of_srgb(colour));
    const Pixels result =
        test::decoded(rendered(png_of(patches(stored), display_p3_profile()), {.format = Format::png}));
    for (std::size_t i = 0; i < colour_checker.size(); ++i) {
        const double difference = test::delta_e_2000(test::lab_of_xyz(test::xyz_of_srgb(patch(result, i))),
                                                     test::lab_of_xyz(test::xyz_of_srgb(colour_checker[i])));
        EXPECT_LT(difference, difference_max) << i;
    }
}

TEST_F(ColourAccuracy, DisplayP3StaysWhereItIsKept) {
    const Bytes file = png_of(patches(saturated), display_p3_profile());
    for (const Format format : {Format::png, Format::webp, Format::tiff, Format::jpeg, Format::avif}) {
        if (!can_write(format)) continue;
        const Bytes result =
            rendered(file, {.format = format, .quality = std::uint8_t{95}, .icc = Icc::keep});
        EXPECT_TRUE(holds_display_p3(result, format)) << name_of(format);
        const Pixels pixels = test::decoded(result);
        for (std::size_t i = 0; i < saturated.size(); ++i) {
            const double difference =
                test::delta_e_2000(test::lab_of_xyz(test::xyz_of_display_p3(patch(pixels, i))),
                                   test::lab_of_xyz(test::xyz_of_display_p3(saturated[i])));
            EXPECT_LT(difference, difference_max) << name_of(format) << i;
        }
    }
}

TEST_F(ColourAccuracy, AJpegInDisplayP3StaysAsWell) {
    const Bytes jpeg = rendered(png_of(patches(saturated), display_p3_profile()),
                                {.format = Format::jpeg, .quality = std::uint8_t{95}, .icc = Icc::keep});
    const Bytes result = rendered(jpeg, {.format = Format::png, .icc = Icc::keep});
    EXPECT_TRUE(holds_display_p3(result, Format::png));
    EXPECT_LT(test::mean_difference(test::decoded(result), patches(saturated)), 3);
}

TEST_F(ColourAccuracy, AdobeRgbBecomesDisplayP3) {
    // Colours that both can show, from their light: XYZ at D50 by the primaries above.
    const Bytes profile = adobe_rgb_profile();
    EXPECT_TRUE(has_wide_gamut(profile));
    EXPECT_FALSE(is_display_p3_profile(profile));
    constexpr std::array<Sample, 5> colours{
        {{200, 60, 60}, {90, 170, 90}, {60, 60, 200}, {128, 128, 128}, {220, 200, 90}}};
    const Bytes result =
        rendered(png_of(patches(colours), profile), {.format = Format::png, .icc = Icc::keep});
    EXPECT_TRUE(holds_display_p3(result, Format::png));
    const Pixels pixels = test::decoded(result);
    for (std::size_t i = 0; i < colours.size(); ++i) {
        test::Triple light{};
        for (std::size_t c = 0; c < 3; ++c) light[c] = std::pow(colours[i][c] / 255.0, 2.19921875);
        const test::Triple xyz{0.60974 * light[0] + 0.20528 * light[1] + 0.14919 * light[2],
                               0.31111 * light[0] + 0.62567 * light[1] + 0.06322 * light[2],
                               0.01947 * light[0] + 0.06087 * light[1] + 0.74457 * light[2]};
        const double difference = test::delta_e_2000(
            test::lab_of_xyz(test::xyz_of_display_p3(patch(pixels, i))), test::lab_of_xyz(xyz));
        EXPECT_LT(difference, difference_max) << i;
    }
}

TEST_F(ColourAccuracy, WhatIsNotWiderThanSrgbComesInSrgbWithoutAProfile) {
    for (const Bytes& file : {png_of(patches(colour_checker), {}), test::jpeg_with_profile("srgb"),
                              test::jpeg_with_profile("cmyk"), test::sample_file(Format::png, 40, 30, 1)}) {
        for (const Format format : {Format::png, Format::jpeg, Format::webp})
            EXPECT_TRUE(profile_in(rendered(file, {.format = format, .icc = Icc::keep}), format).empty());
    }
    const Bytes wide = png_of(patches(saturated), display_p3_profile());
    EXPECT_TRUE(profile_in(rendered(wide, {.format = Format::png}), Format::png).empty());
    EXPECT_TRUE(
        profile_in(rendered(wide, {.greyscale = true, .format = Format::png, .icc = Icc::keep}), Format::png)
            .empty());
    // GIF has no place for it.
    EXPECT_EQ(rendered(wide, {.format = Format::gif, .icc = Icc::keep}),
              rendered(wide, {.format = Format::gif}));
}

TEST_F(ColourAccuracy, NoResultDependsOnWhatElseWasAskedFor) {
    const Bytes file = png_of(patches(saturated), display_p3_profile());
    const std::array transforms{Transform{.resize = Resize{40, 40}, .format = Format::png, .icc = Icc::keep},
                                Transform{.resize = Resize{40, 40}, .format = Format::png}};
    const auto both = test::rendered(file, transforms, {}, {});
    ASSERT_TRUE(both);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ((*both)[i]->bytes, rendered(file, transforms[i]));
    EXPECT_NE((*both)[0]->bytes, (*both)[1]->bytes);
}

TEST_F(ColourAccuracy, ColoursOfTheTransformAreMeantInSrgb) {
    Pixels clear(32, 32, 4);
    const Bytes file = attach(save_picture(clear, Format::png, {}, {}).value(), Format::png,
                              {.exif = {}, .icc = display_p3_profile()})
                           .value();
    const Transform transform{.background = Colour{200, 30, 40}, .format = Format::png, .icc = Icc::keep};
    const Pixels result = test::decoded(rendered(file, transform));
    const std::uint8_t* pixel = result.row(0);
    EXPECT_LT(test::delta_e_2000(test::lab_of_xyz(test::xyz_of_display_p3({pixel[0], pixel[1], pixel[2]})),
                                 test::lab_of_xyz(test::xyz_of_srgb({200, 30, 40}))),
              0.7);
}

/// The colour of inks that are there in full or not at all, muted enough for sRGB to show them.
Lab lab_of_inks(unsigned c, unsigned m, unsigned y, unsigned k) {
    const double strength = k != 0 ? 0.4 : 1;
    const auto of = [](double cyan, double magenta, double yellow, unsigned ci, unsigned mi, unsigned yi) {
        return cyan * ci + magenta * mi + yellow * yi;
    };
    return {100 - of(18, 22, 8, c, m, y) - 30 * k, strength * of(-25, 30, -3, c, m, y),
            strength * of(-25, -5, 45, c, m, y)};
}

/// An ICC profile (version 2) of a press that prints just these 16 colours, and mixes of them: ICC.1:2001-04,
/// 6.5.8 (lut16Type). Its paper is white; with tables for the perceptual intent, and for the relative one.
Bytes press_profile(bool has_relative_intent) {
    Bytes lut = test::bytes_of("mft2\0\0\0\0\4\3\2\0"sv);  // 4 inks, 3 coordinates, 2 points for each ink
    for (unsigned i = 0; i < 9; ++i) append_big(lut, i % 4 == 0 ? 0x10000 : 0, 4);
    append_big(lut, 2, 2);
    append_big(lut, 2, 2);
    for (unsigned i = 0; i < 4; ++i) append_big(lut, 0xffff, 4);  // from 0 to 65535
    for (unsigned i = 0; i < 16; ++i) {
        const Lab lab = lab_of_inks(i >> 3 & 1, i >> 2 & 1, i >> 1 & 1, i & 1);
        append_big(lut, static_cast<unsigned>(std::lround(lab.lightness * 652.8)), 2);
        append_big(lut, static_cast<unsigned>(std::lround((lab.a + 128) * 256)), 2);
        append_big(lut, static_cast<unsigned>(std::lround((lab.b + 128) * 256)), 2);
    }
    for (unsigned i = 0; i < 3; ++i) append_big(lut, 0xffff, 4);
    Bytes white = test::bytes_of("XYZ \0\0\0\0"sv);
    for (const unsigned value : {0xf6d6U, 0x10000U, 0xd32dU}) append_big(white, value, 4);
    const std::size_t tags = has_relative_intent ? 3 : 2;
    const std::size_t lut_at = 128 + 4 + tags * 12;
    Bytes profile;
    append_big(profile, lut_at + lut.size() + white.size(), 4);
    append_big(profile, 0, 4);
    append(profile, "\2\0\0\0prtrCMYKLab "sv);
    profile.resize(36);
    append(profile, "acsp"sv);
    profile.resize(68);
    for (const unsigned value : {0xf6d6U, 0x10000U, 0xd32dU}) append_big(profile, value, 4);
    profile.resize(128);
    append_big(profile, tags, 4);
    for (const std::string_view name : {"A2B0"sv, "A2B1"sv}) {
        if (name == "A2B1" && !has_relative_intent) continue;
        append(profile, name);
        append_big(profile, lut_at, 4);
        append_big(profile, lut.size(), 4);
    }
    append(profile, "wtpt"sv);
    append_big(profile, lut_at + lut.size(), 4);
    append_big(profile, white.size(), 4);
    append(profile, lut);
    append(profile, white);
    return profile;
}

/// The 16 colours in a row.
Bytes printed(Format format, bool has_relative_intent) {
    Pixels inks(16 * patch_px, patch_px, 4);
    for (std::uint32_t y = 0; y < inks.height_px; ++y) {
        for (std::uint32_t x = 0; x < inks.width_px; ++x) {
            for (std::uint32_t i = 0; i < 4; ++i)
                inks.row(y)[x * 4 + i] = (x / patch_px >> (3 - i) & 1) != 0 ? 255 : 0;
        }
    }
    const VipsPicture picture(
        vips_image_new_from_memory(inks.samples.data(), inks.samples.size(), static_cast<int>(inks.width_px),
                                   static_cast<int>(inks.height_px), 4, VIPS_FORMAT_UCHAR));
    picture->Type = VIPS_INTERPRETATION_CMYK;
    const Bytes profile = press_profile(has_relative_intent);
    vips_image_set_blob_copy(picture.get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
    void* data = nullptr;
    std::size_t size = 0;
    const int failed = format == Format::tiff
                           ? vips_tiffsave_buffer(picture.get(), &data, &size, nullptr)
                           : vips_jpegsave_buffer(picture.get(), &data, &size, "Q", 98, nullptr);
    EXPECT_EQ(failed, 0) << vips_error_buffer();
    const auto* begin = static_cast<const std::byte*>(data);
    Bytes bytes(begin, begin + size);
    g_free(data);
    return bytes;
}

TEST_F(ColourAccuracy, InksComeToTheColoursThatTheirProfileSays) {
    for (const auto& [format, has_relative_intent] :
         {std::pair{Format::tiff, true}, {Format::tiff, false}, {Format::jpeg, true}}) {
        const Pixels result =
            test::decoded(rendered(printed(format, has_relative_intent), {.format = Format::png}));
        ASSERT_EQ(result.channels, 3U);
        for (unsigned i = 0; i < 16; ++i) {
            const Lab expected = lab_of_inks(i >> 3 & 1, i >> 2 & 1, i >> 1 & 1, i & 1);
            const Lab found = test::lab_of_xyz(test::xyz_of_srgb(patch(result, i)));
            EXPECT_LT(test::delta_e_2000(found, expected), difference_max)
                << name_of(format) << " " << i << ": " << found.lightness << " " << found.a << " " << found.b;
        }
    }
}

}  // namespace
}  // namespace safelight
