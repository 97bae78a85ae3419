// Run-length encoded pixels of a BMP.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "imaging/container/bmp_header.h"

namespace safelight {

/// The palette index of each pixel, row after row from the top; those that the data skip are 0. Error:
/// invalid_image (a run past the end of its row, data that end before the picture does).
[[nodiscard]] Result<std::vector<std::uint8_t>> unpack_bmp_runs(const BmpHeader& header);

}  // namespace safelight
