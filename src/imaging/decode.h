// From an encoded picture to pixels of all wanted sizes, in one decode.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "imaging/geometry.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

/// The pixels of each plan, in order and not turned; plans are in stored pixels of the whole picture. It is
/// decoded once (twice when some plans want a wide gamut kept and others do not), by a JPEG at the scale that
/// the largest needs, and smaller sizes are made from larger ones where nothing is lost by it. Of an
/// animation the first frame. Errors: invalid_image, unsupported_image, cancelled, renderer_failed.
[[nodiscard]] Result<std::vector<Pixels>> decode(std::span<const std::byte> bytes, const ImageFacts& facts,
                                                 std::span<const Plan> plans, const StopCheck& stop);

/// The same from a picture whose stored pixels are all there already. Error: cancelled.
[[nodiscard]] Result<std::vector<Pixels>> resample_all(const Pixels& source, std::span<const Plan> plans,
                                                       const StopCheck& stop);

}  // namespace safelight
