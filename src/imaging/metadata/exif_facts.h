#pragma once

#include "image/exif_facts.h"
#include "imaging/container/byte_view.h"
#include "imaging/container/tiff_directory.h"

namespace safelight {

/// From a TIFF structure as EXIF holds it. What is malformed, out of range or too long is left out.
[[nodiscard]] ExifFacts read_exif_facts(ByteView exif);

/// The copyright of EXIF: the photographer's, and after "; " the editor's where there is one.
[[nodiscard]] std::string read_copyright(const TiffField& field, std::size_t bytes_max);

}  // namespace safelight
