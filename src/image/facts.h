// What is known of a picture without decoding its pixels.
#pragma once

#include <cstdint>
#include <string>

#include "image/exif_facts.h"
#include "image/format.h"

namespace safelight {

/// EXIF orientation (tag 0x0112): how the stored pixels have to be turned to stand upright.
enum class Orientation : std::uint8_t {
    upright = 1,
    mirrored = 2,
    turned_180 = 3,
    mirrored_180 = 4,
    mirrored_270 = 5,  // transpose
    turned_90 = 6,     // needs a clockwise quarter turn
    mirrored_90 = 7,   // transverse
    turned_270 = 8,
};

/// True for the four orientations that exchange width and height.
[[nodiscard]] constexpr bool swaps_sides(Orientation orientation) {
    return static_cast<std::uint8_t>(orientation) >= 5;
}

enum class ColourSpace { grey, rgb, cmyk };
[[nodiscard]] std::string_view name_of(ColourSpace space);

struct ImageFacts {
    Format format = Format::jpeg;
    std::uint32_t width_px = 0;   // as displayed: after orientation
    std::uint32_t height_px = 0;  // as displayed
    std::uint32_t frames = 1;  // frames of an animation; 1 for a still (only the first page of a TIFF counts)
    bool has_alpha = false;
    ColourSpace colour_space = ColourSpace::rgb;
    Orientation orientation = Orientation::upright;
    ExifFacts exif = {};

    bool operator==(const ImageFacts&) const = default;
};

}  // namespace safelight
