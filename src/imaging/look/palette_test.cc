#include "imaging/look/palette.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "image/look.h"
#include "imaging/look/oklab.h"

namespace safelight {
namespace {

/// Stripes below each other: `rows` of each colour, all opaque.
struct Stripe {
    Colour colour;
    std::uint32_t rows;
    std::uint8_t alpha = 255;
};

Pixels stripes(std::initializer_list<Stripe> wanted, std::uint32_t channels = 3) {
    std::uint32_t height = 0;
    for (const Stripe& stripe : wanted) height += stripe.rows;
    Pixels pixels(20, height, channels);
    std::uint8_t* pixel = pixels.samples.data();
    for (const auto& [colour, rows, alpha] : wanted) {
        for (std::uint32_t i = 0; i < rows * 20; ++i, pixel += channels) {
            pixel[0] = colour.red;
            pixel[1] = colour.green;
            pixel[2] = colour.blue;
            if (channels == 4) pixel[3] = alpha;
        }
    }
    return pixels;
}

TEST(Palette, FlatColoursComeBackByTheirShare) {
    const Pixels pixels =
        stripes({{{200, 30, 30}, 10}, {{20, 20, 120}, 25}, {{240, 240, 235}, 5}, {{30, 160, 60}, 7}});
    const std::vector<Colour> expected{{20, 20, 120}, {200, 30, 30}, {30, 160, 60}, {240, 240, 235}};
    EXPECT_EQ(palette_of(pixels), expected);
}

TEST(Palette, OneColourIsAPalette) {
    EXPECT_EQ(palette_of(stripes({{{17, 99, 201}, 3}})), (std::vector<Colour>{{17, 99, 201}}));
}

TEST(Palette, WhatLooksTheSameIsOneColour) {
    EXPECT_EQ(palette_of(stripes({{{100, 100, 100}, 10}, {{112, 112, 112}, 11}})).size(), 1U);
}

TEST(Palette, ASpeckIsLeftOut) {
    const auto palette = palette_of(stripes({{{0, 0, 0}, 199}, {{255, 0, 0}, 1}}));
    EXPECT_EQ(palette, (std::vector<Colour>{{0, 0, 0}}));
}

TEST(Palette, TransparentPixelsDoNotCount) {
    const auto palette = palette_of(stripes({{{255, 0, 0}, 30, 0}, {{0, 0, 255}, 10, 255}}, 4));
    EXPECT_EQ(palette, (std::vector<Colour>{{0, 0, 255}}));
    EXPECT_EQ(palette_of(stripes({{{255, 0, 0}, 30, 0}}, 4)), std::vector<Colour>{white});
}

TEST(Palette, ManyColoursAreSixAtMostAndTheSameEachTime) {
    Pixels pixels(48, 48, 3);
    for (std::uint32_t y = 0; y < 48; ++y) {
        for (std::uint32_t x = 0; x < 48; ++x) {
            std::uint8_t* pixel = pixels.row(y) + std::size_t{x} * 3;
            pixel[0] = static_cast<std::uint8_t>(x * 5);
            pixel[1] = static_cast<std::uint8_t>(y * 5);
            pixel[2] = static_cast<std::uint8_t>(x * y);
        }
    }
    const auto palette = palette_of(pixels);
    EXPECT_GE(palette.size(), 4U);
    EXPECT_LE(palette.size(), palette_max);
    EXPECT_EQ(palette_of(pixels), palette);
}

TEST(Oklab, IsAsPublished) {
    // The reference colours of its author: white, and XYZ's red corner as sRGB's pure red.
    const Oklab pure_white = to_oklab({1, 1, 1});
    EXPECT_NEAR(pure_white.lightness, 1, 1e-4);
    EXPECT_NEAR(pure_white.a, 0, 1e-4);
    EXPECT_NEAR(pure_white.b, 0, 1e-4);
    const Oklab red = to_oklab({1, 0, 0});
    EXPECT_NEAR(red.lightness, 0.62796, 1e-4);
    EXPECT_NEAR(red.a, 0.22486, 1e-4);
    EXPECT_NEAR(red.b, 0.12585, 1e-4);
    EXPECT_EQ(to_colour(red), (Colour{255, 0, 0}));
    EXPECT_EQ(to_colour(pure_white), white);
    EXPECT_EQ(to_colour({.lightness = 2, .a = 1, .b = -1}).red, 255) << "kept in range";
}

}  // namespace
}  // namespace safelight
