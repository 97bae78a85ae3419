// Animations that tests make themselves, and what is in the ones that come out, told without the code that is
// tested.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "image/colour.h"
#include "imaging/animation_timing.h"
#include "imaging/pixels.h"
#include "imaging/test_pictures.h"

namespace safelight::test {

/// What is done with a frame of a GIF before the next one is drawn.
enum class Disposal : std::uint8_t { keep = 1, clear = 2, restore = 3 };

/// A rectangle of one colour of the four: 0 red, 1 green, 2 blue, 3 transparent.
struct GifFrame {
    std::uint8_t colour = 0;
    std::uint16_t delay_cs = 10;
    std::uint16_t left = 0;
    std::uint16_t top = 0;
    std::uint16_t width = 0;  // 0: the whole canvas
    std::uint16_t height = 0;
    Disposal disposal = Disposal::keep;
    bool has_transparency = false;
};

/// `repeats` is the number that NETSCAPE's extension holds; empty: there is no extension.
[[nodiscard]] Bytes animated_gif(std::uint16_t width, std::uint16_t height, std::span<const GifFrame> frames,
                                 std::optional<std::uint16_t> repeats = {});

/// Lossless; all frames of the same sides.
[[nodiscard]] Bytes animated_webp(std::span<const Pixels> frames, const AnimationTiming& timing);

struct Shown {
    std::vector<Pixels> frames;  // RGBA, composed
    AnimationTiming timing;
};

/// A GIF by libvips and its blocks, a WebP by libwebp's own animation decoder. Fails the test when that does
/// not work.
[[nodiscard]] Shown shown(std::span<const std::byte> file);

[[nodiscard]] Pixels filled(std::uint32_t width, std::uint32_t height, Colour colour,
                            std::uint8_t alpha = 255);

/// The colour of one pixel of an RGBA picture.
[[nodiscard]] Colour colour_at(const Pixels& pixels, std::uint32_t x, std::uint32_t y);
[[nodiscard]] std::uint8_t alpha_at(const Pixels& pixels, std::uint32_t x, std::uint32_t y);

}  // namespace safelight::test
