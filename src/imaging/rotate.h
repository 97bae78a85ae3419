// Rotation by any angle. Quarter turns are no matter of this: they move pixels, and join the orientation.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "imaging/geometry.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"
#include "transform/hundredths.h"

namespace safelight {

struct Sides {
    double width = 0;
    double height = 0;
};

/// The smallest upright box, in whole pixels, that holds a picture of these sides when it is rotated.
[[nodiscard]] Sides rotated_sides(double width, double height, Hundredths degrees);

/// Where a point of the picture comes to lie in that box.
struct Point {
    double x = 0;
    double y = 0;
};
[[nodiscard]] Point rotated_point(const Point& point, double width, double height, Hundredths degrees);

/// Rotates clockwise about the centre, onto a canvas of rotated_sides(). The result has an alpha channel: the
/// corners are transparent, and the picture's edges are smooth. Bicubic (Keys 1981, a = −1/2) in linear light
/// with alpha premultiplied. Error: cancelled.
[[nodiscard]] Result<Pixels> rotate(const Pixels& pixels, Hundredths degrees, const StopCheck& stop);

}  // namespace safelight
