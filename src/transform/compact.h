// The compact spelling of a transform, for addresses and keys: "w=400,h=300,fit=cover,g=north,f=webp,q=80".
//
//   key                  JSON member                        key                 JSON member
//   cx cy cw ch          crop: x y width height             grey                greyscale
//   rot flip             rotate, flip                       sat bri con         saturation, brightness,
//   contrast w h ls               resize: width height longest_side  blur sharp          blur, sharpen fit
//   enlarge g dpr    resize: fit enlarge gravity dpr    pt pr pb pl         pad: top right bottom left bg
//   background, without its "#"        f q                 format, quality prog                 progressive
//   lossless effort     lossless, effort
//
// Values are written as in JSON, without quotes. The text has letters, digits and "-.,=" alone.
#pragma once

#include <string>
#include <string_view>

#include "transform/transform.h"

namespace safelight {

/// Reads items "key=value" separated by commas, in any order; an empty text is the empty transform. Ranges
/// and rules are those of JSON. Error: invalid_argument, with every fault at once, each with the pointer
/// `pointer`/key: unknown and doubled keys are faults too.
[[nodiscard]] Result<Transform> parse_compact(std::string_view text, std::string_view pointer = "");

/// The canonical form: fixed order, defaults left out. Equal transforms have equal text, others do not.
[[nodiscard]] std::string to_compact(const Transform& transform);

}  // namespace safelight
