#include "imaging/vips/svg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/testing/temporary_folder.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

constexpr ImageLimits with_svg{.takes_svg = true};

std::string document(std::string_view content, std::string_view attributes = "width='40' height='30'") {
    return "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' " +
           std::string(attributes) + ">" + std::string(content) + "</svg>";
}

constexpr std::string_view red_half = "<rect width='20' height='30' fill='#c02010'/>";

class Svg : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Pixels drawn(std::string_view text, const Transform& transform = {}) {
        const Bytes file = test::bytes_of(text);
        const auto results = test::rendered(file, std::span(&transform, 1), with_svg, {});
        if (!results || !results->front()) {
            ADD_FAILURE() << (results ? results->front().error().log_text : results.error().log_text);
            return {};
        }
        return test::decoded(results->front()->bytes);
    }

    static std::array<int, 4> at(const Pixels& pixels, std::uint32_t x, std::uint32_t y) {
        const std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * pixels.channels;
        return {pixel[0], pixel[1], pixel[2], pixel[3]};
    }

    static bool is_blank(const Pixels& pixels) {
        return std::ranges::all_of(pixels.samples, [](std::uint8_t sample) { return sample == 0; });
    }
};

constexpr std::array red{192, 32, 16, 255};
constexpr std::array nothing{0, 0, 0, 0};

TEST_F(Svg, IsRefusedUnlessItIsWanted) {
    const Bytes file = test::bytes_of(document(red_half));
    EXPECT_EQ(probe(file, {}).error().code, ErrorCode::unsupported_image);
    const Transform same;
    EXPECT_EQ(test::rendered(file, std::span(&same, 1), {}, {}).error().code, ErrorCode::unsupported_image);
    const auto facts = probe(file, with_svg);
    ASSERT_TRUE(facts) << facts.error().log_text;
    EXPECT_EQ(facts->width_px, 40U);
    EXPECT_EQ(facts->height_px, 30U);
    EXPECT_TRUE(facts->has_alpha);
}

TEST_F(Svg, BecomesAPngWithAlpha) {
    const Pixels pixels = drawn(document(red_half));
    ASSERT_EQ(pixels.width_px, 40U);
    ASSERT_EQ(pixels.channels, 4U);
    EXPECT_EQ(at(pixels, 5, 5), red);
    EXPECT_EQ(at(pixels, 30, 5), nothing);
}

TEST_F(Svg, IsDrawnAtTheSizeThatIsWanted) {
    const Transform large{.resize = Resize{.width_px = 400, .enlarge = true}};
    const Pixels pixels = drawn(document(red_half), large);
    ASSERT_EQ(pixels.width_px, 400U);
    ASSERT_EQ(pixels.height_px, 300U);
    // An edge that was resampled would be some ten pixels wide.
    EXPECT_EQ(at(pixels, 199, 150), red);
    EXPECT_EQ(at(pixels, 200, 150), nothing);
    const Pixels small = drawn(document(red_half), {.resize = Resize{.width_px = 8}});
    EXPECT_EQ(small.width_px, 8U);
    EXPECT_GE(at(small, 1, 3)[3], 250);
    EXPECT_LE(at(small, 6, 3)[3], 5);
}

TEST_F(Svg, ScalesToTheLargestPlanWithinLimits) {
    const ImageFacts facts{.format = Format::svg, .width_px = 1'000, .height_px = 500};
    const auto scale = [&](std::initializer_list<Plan> plans) { return svg_scale(plans, facts); };
    const Region all{0, 0, 1'000, 500};
    EXPECT_DOUBLE_EQ(scale({{all, 3'000, 1'500}, {all, 100, 50}}), 3);
    EXPECT_DOUBLE_EQ(scale({{all, 100, 50}}), 0.2);
    EXPECT_DOUBLE_EQ(scale({{all, 800, 400}}), 1);
    EXPECT_LE(scale({{{0, 0, 1, 1}, 4'000, 4'000}}) * 1'000, 16'383);
}

TEST_F(Svg, SizeLimitsHold) {
    const auto refusal = [](std::string_view attributes) {
        return probe(test::bytes_of(document("", attributes)), with_svg).error().code;
    };
    EXPECT_EQ(refusal("width='1000000' height='1000000'"), ErrorCode::image_too_large);
    EXPECT_EQ(refusal("width='8000' height='8000'"), ErrorCode::image_too_large);  // 64 megapixels
    EXPECT_EQ(refusal("viewBox='0 0 20000 10'"), ErrorCode::image_too_large);
    // Beyond what libvips can hold.
    EXPECT_EQ(refusal("width='1e9' height='1e9'"), ErrorCode::image_too_large);
    EXPECT_EQ(refusal("width='10' height='1e9'"), ErrorCode::image_too_large);
    EXPECT_EQ(refusal("width='1e9' height='1'"), ErrorCode::image_too_large);
    EXPECT_EQ(refusal("width='3e9' height='5e9'"), ErrorCode::image_too_large);
    EXPECT_EQ(refusal("width='20000000' height='10'"), ErrorCode::image_too_large);
    for (const std::string_view small : {"width='1' height='1'", "width='1' height='200'"})
        EXPECT_TRUE(probe(test::bytes_of(document("", small)), with_svg)) << small;
}

TEST_F(Svg, WhatLiesOutsideIsNotThere) {
    const TemporaryFolder folder;
    const auto png = folder.path() / "canary.png";
    const Bytes canary = test::sample_file(Format::png, 40, 30);
    std::ofstream(png, std::ios::binary)
        .write(reinterpret_cast<const char*>(canary.data()), static_cast<std::streamsize>(canary.size()));
    const auto css = folder.path() / "canary.css";
    std::ofstream(css) << "rect { fill: #c02010 }";
    for (const std::string& address : {png.string(), "file://" + png.string(), std::string("canary.png"),
                                       std::string("http://127.0.0.1:9/canary.png")}) {
        for (const std::string_view attribute : {"href", "xlink:href"}) {
            EXPECT_TRUE(is_blank(drawn(document("<image width='40' height='30' " + std::string(attribute) +
                                                "='" + address + "'/>"))))
                << address;
        }
    }
    EXPECT_TRUE(is_blank(drawn(document("<use href='file://" + png.string() + "#a'/>"))));
    EXPECT_TRUE(is_blank(drawn(document("<style>@import url('file://" + css.string() +
                                        "');</style><rect width='40' height='30' fill='none'/>"))));
}

TEST_F(Svg, EntitiesFromOutsideAreNotRead) {
    const TemporaryFolder folder;
    const auto secret = folder.path() / "secret";
    std::ofstream(secret) << red_half;
    const std::string text =
        "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file://" + secret.string() + "'>]>" + document("&x;");
    const Transform same;
    const auto results = test::rendered(test::bytes_of(text), std::span(&same, 1), with_svg, {});
    if (results && results->front()) EXPECT_TRUE(is_blank(test::decoded(results->front()->bytes)));
    if (!results) EXPECT_EQ(results.error().code, ErrorCode::invalid_image);
}

TEST_F(Svg, DamageAndExpansionAreRefused) {
    std::string laughs = "<!DOCTYPE svg [<!ENTITY l0 'lol'>";
    for (int i = 1; i < 10; ++i) {
        std::string ten;
        for (int j = 0; j < 10; ++j) ten += "&l" + std::to_string(i - 1) + ";";
        laughs += "<!ENTITY l" + std::to_string(i) + " '" + ten + "'>";
    }
    for (const std::string& text :
         {document("<rect"), std::string("<svg"), std::string("<svg xmlns='http://www.w3.org/2000/svg' "),
          laughs + "]>" + document("<desc>&l9;</desc>")}) {
        const Transform same;
        const auto results = test::rendered(test::bytes_of(text), std::span(&same, 1), with_svg, {});
        ASSERT_FALSE(results) << text.substr(0, 60);
        EXPECT_TRUE(results.error().code == ErrorCode::invalid_image ||
                    results.error().code == ErrorCode::unsupported_image);
    }
}

}  // namespace
}  // namespace safelight
