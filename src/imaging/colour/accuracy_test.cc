// How near results come to the colours that files mean, as CIEDE2000.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "imaging/colour/gamut.h"
#include "imaging/colour/test_delta_e.h"
#include "imaging/colour/test_patches.h"
#include "imaging/container/byte_writer.h"
#include "imaging/test_pictures.h"
#include "imaging/vips/load.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;
using test::colour_checker;
using test::Lab;
using test::patch;
using test::patch_px;
using test::patches;
using test::png_of;
using test::rendered_alone;
using test::Sample;

constexpr double difference_max = 2;

class ColourAccuracy : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }
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
        test::decoded(rendered_alone(png_of(patches(stored), display_p3_profile()), {.format = Format::png}));
    for (std::size_t i = 0; i < colour_checker.size(); ++i) {
        const double difference = test::delta_e_2000(test::lab_of_xyz(test::xyz_of_srgb(patch(result, i))),
                                                     test::lab_of_xyz(test::xyz_of_srgb(colour_checker[i])));
        EXPECT_LT(difference, difference_max) << i;
    }
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
            test::decoded(rendered_alone(printed(format, has_relative_intent), {.format = Format::png}));
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
