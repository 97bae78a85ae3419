#pragma once

#include "image/colour.h"
#include "imaging/pixels.h"

namespace safelight {

/// Lays the picture on `background` and drops its alpha; a picture without alpha stays as it is. Grey becomes
/// RGB when the background is no grey. In the encoded values, as browsers composite: what people see on a
/// page of that colour is what they get.
[[nodiscard]] Pixels flatten(Pixels pixels, Colour background);

/// Grey, with or without alpha, as RGB; RGB stays as it is.
[[nodiscard]] Pixels to_rgb(Pixels pixels);

/// True when one channel can say it.
[[nodiscard]] constexpr bool is_grey(Colour colour) {
    return colour.red == colour.green && colour.green == colour.blue;
}

}  // namespace safelight
