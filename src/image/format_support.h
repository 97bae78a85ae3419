// What can be done with a format on this machine.
#pragma once

#include "image/format.h"

namespace safelight {

struct FormatSupport {
    Format format = Format::jpeg;
    bool reads = false;   // as an original
    bool writes = false;  // as a variant
    // Of what is written; false when nothing is.
    bool animation = false;  // an animation stays one
    bool alpha = false;
    bool lossless = false;  // every pixel comes back, when that is asked for or always
    bool quality = false;   // bytes can be traded for likeness

    bool operator==(const FormatSupport&) const = default;
};

}  // namespace safelight
