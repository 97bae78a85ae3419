// How a variant is made: a typed, immutable value with one canonical text form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/format.h"

namespace safelight {

/// How the picture meets the box of width × height.
enum class Fit {
    inside,   // the whole picture, inside the box; aspect ratio kept
    outside,  // the whole picture, covering the box; aspect ratio kept
    cover,    // fills the box exactly; what sticks out is cut off around the centre
    fill,     // fills the box exactly; aspect ratio given up
};

struct Resize {
    std::optional<std::uint32_t> width_px;  // at least one of the two is set
    std::optional<std::uint32_t> height_px;
    Fit fit = Fit::inside;
    bool enlarge = false;  // false: never more pixels than the picture has

    bool operator==(const Resize&) const = default;
};

inline constexpr std::uint32_t resize_side_max_px = 16'383;

struct Transform {
    std::optional<Resize> resize;
    std::optional<Format> format;         // empty: the format of the original
    std::optional<std::uint8_t> quality;  // 1–100; empty: the encoder's default of this project

    bool operator==(const Transform&) const = default;
};

/// Reads {"resize": {"width": 100, "height": 100, "fit": "inside"}, "format": "webp", "quality": 80}.
/// Every fault is reported at once, each with its pointer below `pointer` ("" for a document of its own).
/// Unknown members are faults.
[[nodiscard]] Result<Transform> parse_transform(std::string_view json, std::string_view pointer = "");

/// The canonical form: members in fixed order, defaults left out, no spaces. Equal transforms have equal
/// text.
[[nodiscard]] std::string to_json(const Transform& transform);

}  // namespace safelight
