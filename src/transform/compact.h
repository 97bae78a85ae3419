// The compact spelling of a transform, for addresses and keys: "w=400,h=300,fit=cover,g=north,f=webp,q=80".
//
//   key                  JSON member
//   trim                 trim
//   cx cy cw ch cg       crop: x y width height gravity
//   rot flip             rotate, flip
//   w h ls area          resize: width height longest_side area
//   fit enlarge g dpr    resize: fit enlarge gravity dpr
//   grey                 greyscale
//   sat bri con          saturation, brightness, contrast
//   dd dl                duotone: dark light, both without their "#"
//   blur sharp           blur, sharpen
//   wm wmp wmo wms wmm   watermark: image position opacity scale margin
//   r                    corner_radius
//   pt pr pb pl          pad: top right bottom left
//   bg                   background, without its "#"
//   f q max              format, quality, max_bytes
//   prog lossless effort progressive, lossless, effort
//   meta icc anim        metadata, icc, animation
//
// Values are written as in JSON, without quotes. The text has letters, digits and "-.,=" alone.
#pragma once

#include <string>
#include <string_view>

#include "base/sha256.h"
#include "transform/transform.h"

namespace safelight {

inline constexpr std::size_t compact_bytes_max = 4'096;

/// Reads items "key=value" separated by commas, in any order; an empty text is the empty transform. Ranges
/// and rules are those of JSON. Error: invalid_argument, with every fault at once, each with the pointer
/// `pointer`/key: unknown and doubled keys are faults too, and more than compact_bytes_max.
[[nodiscard]] Result<Transform> parse_compact(std::string_view text, std::string_view pointer = "");

/// The canonical form: fixed order, defaults left out. Equal transforms have equal text, others do not.
[[nodiscard]] std::string to_compact(const Transform& transform);

/// Tells one transform from another: the SHA-256 of the canonical form.
[[nodiscard]] Sha256 rendition_key(const Transform& transform);

}  // namespace safelight
