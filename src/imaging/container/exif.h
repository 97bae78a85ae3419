// The orientation that a picture's metadata tells.
#pragma once

#include <optional>

#include "image/facts.h"
#include "imaging/container/byte_view.h"

namespace safelight {

/// From a TIFF structure as EXIF holds it (it begins with "II" or "MM"). Nothing when there is no such tag,
/// or one with a value outside 1–8.
[[nodiscard]] std::optional<Orientation> orientation_of_exif(ByteView exif);

/// The TIFF structure of a block with or without a leading "Exif\0\0".
[[nodiscard]] ByteView exif_of_block(ByteView block);

/// The same with or without a leading "Exif\0\0".
[[nodiscard]] std::optional<Orientation> orientation_of_exif_block(ByteView block);

/// From an XMP packet: tiff:Orientation, as an attribute or an element.
[[nodiscard]] std::optional<Orientation> orientation_of_xmp(ByteView packet);

}  // namespace safelight
