// The filters of a PNG's rows, undone: Portable Network Graphics (third edition), 9.
#pragma once

#include <cstdint>
#include <span>

namespace safelight {

/// Undoes `filter` in place. `up` are the samples of the row above, as many as there are in `row`: zeros for
/// the first row. `pixel_bytes` is 1 to 4. False for a filter that does not exist.
[[nodiscard]] bool undo_png_filter(std::uint8_t filter, std::uint32_t pixel_bytes,
                                   std::span<std::uint8_t> row, const std::uint8_t* up);

}  // namespace safelight
