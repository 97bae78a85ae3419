#pragma once

#include "imaging/imaging.h"
#include "imaging/pixels.h"
#include "transform/hundredths.h"

namespace safelight {

/// A Gaussian of standard deviation `sigma`, in pixels: in linear light, with alpha premultiplied, so that
/// neither dark fringes nor a change of the mean light appear. Beyond its edges the picture goes on with its
/// outermost pixels. Computed as three passes of an extended box filter (Gwosdek, Grewenig, Bruhn, Weickert:
/// Theoretical Foundations of Gaussian Convolution by Extended Box Filtering, 2011), which has the variance
/// that is asked for and takes the same time for any sigma. Error: cancelled.
[[nodiscard]] Status blur(Pixels& pixels, Hundredths sigma, const StopCheck& stop);

}  // namespace safelight
