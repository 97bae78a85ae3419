// What a picture looks like, in a few bytes: for placeholders, and for finding others that look alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "image/colour.h"

namespace safelight {

inline constexpr std::size_t palette_max = 6;
inline constexpr std::size_t thumbhash_bytes_max = 25;
inline constexpr std::size_t blurhash_characters_max = 83;

/// Of the upright picture, its first frame.
struct Look {
    Colour dominant;
    std::vector<Colour> palette;       // by how much of the picture they take; 1–palette_max
    std::vector<std::byte> thumbhash;  // https://evanw.github.io/thumbhash/
    std::string blurhash;              // https://blurha.sh
    std::uint64_t dhash =
        0;  // of 9×8 grey pixels, row by row from the uppermost bit: brighter than the one left of it

    bool operator==(const Look&) const = default;
};

}  // namespace safelight
