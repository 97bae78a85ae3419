// How coarsely a JPEG of ours stores each of the 64 coefficients of a block.
#pragma once

#include <array>
#include <cstdint>

namespace safelight {

/// Steps at quality 50, row by row, for brightness and colours alike: 14·(1 + (ρ/3)^1.5) where ρ is the
/// distance of the coefficient from the first one. Flatter than the tables of Annex K of the standard, which
/// were made for the screens of the eighties and take fine detail from small pictures: at the same bytes
/// SSIMULACRA2 is about 2.7 points higher (bench/quality.py; shape and exponent were searched for with that
/// on six photos). One table for all components also saves its second copy in the file.
inline constexpr std::array<unsigned, 64> quantisation_steps = {
    14, 17, 22, 28, 36, 44, 54, 64, 17, 19, 23, 29, 37, 45, 54, 65, 22, 23, 27, 32, 39, 48,
    57, 67, 28, 29, 32, 38, 44, 52, 61, 71, 36, 37, 39, 44, 50, 58, 66, 76, 44, 45, 48, 52,
    58, 65, 73, 82, 54, 54, 57, 61, 66, 73, 81, 89, 64, 65, 67, 71, 76, 82, 89, 98};

}  // namespace safelight
