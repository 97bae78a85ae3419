#pragma once

namespace safelight {

/// The place of a picture that matters most, as shares of its displayed sides: 0–1 from the left, and from
/// the top.
struct FocalPoint {
    double x = 0.5;
    double y = 0.5;

    bool operator==(const FocalPoint&) const = default;
};

}  // namespace safelight
