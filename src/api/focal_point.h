// A focal point as clients write it.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "image/focal_point.h"

namespace safelight {

/// "0.3,0.6" or {"x": 0.3, "y": 0.6}, each a share of the displayed side from 0 to 1. Errors:
/// invalid_argument, with faults at `pointer` and below it.
[[nodiscard]] Result<FocalPoint> parse_focal_point(std::string_view text, std::string_view pointer);

/// What a JSON merge patch (RFC 7396) does to an image.
struct ImagePatch {
    bool changes_focal_point = false;
    std::optional<FocalPoint> focal_point;  // empty: taken away
};

/// {}, {"focal_point": {"x": 0.3, "y": 0.6}} or {"focal_point": null}; a focal point is set as a whole.
/// Errors: invalid_argument, one fault for each member.
[[nodiscard]] Result<ImagePatch> parse_image_patch(std::string_view text);

}  // namespace safelight
