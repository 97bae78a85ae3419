// Oklab (https://bottosson.github.io/posts/oklab/): distances in it are about as large as they look.
#pragma once

#include "image/colour.h"

namespace safelight {

/// Linear light, 0–1.
struct LinearColour {
    double red = 0;
    double green = 0;
    double blue = 0;
};

/// Lightness 0–1; a and b 0 for grey, and within ±0.4 in sRGB.
struct Oklab {
    double lightness = 0;
    double a = 0;
    double b = 0;
};

[[nodiscard]] Oklab to_oklab(const LinearColour& colour);

/// The nearest colour of sRGB, channel by channel.
[[nodiscard]] Colour to_colour(const Oklab& colour);

/// The square of the Euclidean distance.
[[nodiscard]] constexpr double distance_squared(const Oklab& one, const Oklab& other) {
    const double lightness = one.lightness - other.lightness;
    const double a = one.a - other.a;
    const double b = one.b - other.b;
    return lightness * lightness + a * a + b * b;
}

}  // namespace safelight
