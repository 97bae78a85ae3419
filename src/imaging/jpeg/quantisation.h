// How coarsely a JPEG of ours stores each of the 64 coefficients of a block.
#pragma once

#include <array>
#include <cstdint>

namespace safelight {

/// Steps at quality 50, row by row, for brightness and colours alike: 13·(1 + (ρ/3)^1.5) where ρ is the
/// distance of the coefficient from the first one. Flatter than the tables of Annex K of the standard, which
/// were made for the screens of the eighties and take fine detail from small pictures: at the same bytes
/// SSIMULACRA2 is about 2.7 points higher (bench/quality.py; shape and exponent were searched for with that
/// on six photos). One table for all components also saves its second copy in the file.
inline constexpr std::array<unsigned, 64> quantisation_steps = {
    13, 16, 20, 26, 33, 41, 50, 59, 16, 17, 21, 27, 34, 42, 51, 60, 20, 21, 25, 30, 37, 44,
    53, 62, 26, 27, 30, 35, 41, 48, 56, 66, 33, 34, 37, 41, 47, 54, 61, 70, 41, 42, 44, 48,
    54, 60, 68, 76, 50, 51, 53, 56, 61, 68, 75, 83, 59, 60, 62, 66, 70, 76, 83, 91};

}  // namespace safelight
