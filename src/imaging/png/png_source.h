// The fast way from a PNG to pixels of several sizes, for the kind that most are: inflated at once by
// libdeflate, which takes less than half of zlib's time, and the rows go straight to the resamplers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "imaging/geometry.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

/// A larger picture is not inflated at once.
inline constexpr std::size_t inflated_png_bytes_max = 256U << 20U;

/// The pixels of each plan, in order and not turned; plans are in stored pixels of the whole picture. They
/// are those that libpng leads to. `bytes` have been inspected: the checksums of what no decoder can do
/// without hold. Nothing for a PNG of another kind (samples of other than 8 bits, interlaced, with a
/// transparent colour, larger than inflated_png_bytes_max, or of colours that `icc` wants converted), and for
/// one that is damaged. Errors: cancelled.
[[nodiscard]] Result<std::optional<std::vector<Pixels>>> read_plain_png(std::span<const std::byte> bytes,
                                                                        std::span<const Plan> plans, Icc icc,
                                                                        const StopCheck& stop);

}  // namespace safelight
