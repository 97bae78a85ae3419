// How long a processor will work on a render, before it is begun.
#pragma once

#include <span>

#include "base/clock.h"
#include "image/facts.h"
#include "image/limits.h"
#include "transform/transform.h"

namespace safelight {

/// Time of one processor for all of `transforms` in one call, by what was measured of pictures that are hard
/// to compress, on a core of 2.5 GHz: within a factor of two or so of what it will be on another. It grows
/// with the pixels and frames of source and results and with the encoders' effort, by which it spans four
/// orders of magnitude. Decoding a watermark's image does not count. A transform whose result
/// would be beyond `limits` counts for nothing.
[[nodiscard]] Milliseconds estimate_render_time(const ImageFacts& facts,
                                                std::span<const Transform> transforms,
                                                const ImageLimits& limits);

}  // namespace safelight
