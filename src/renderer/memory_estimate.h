// How much memory a render will take, before it is begun.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "image/facts.h"
#include "image/limits.h"
#include "transform/transform.h"

namespace safelight {

/// What an idle renderer process holds: its code, its libraries, and what its allocator keeps from call to
/// call. For a process that looks at uploads, which never decodes, that is all but the upload itself.
inline constexpr std::uint64_t idle_renderer_bytes = 72ULL << 20U;

/// What of its address space an idle renderer process has taken, much of it only reserved.
inline constexpr std::uint64_t idle_address_space_bytes = 384ULL << 20U;

/// What a renderer process takes at most beyond idle_renderer_bytes while it makes all of `transforms` in one
/// call: the source, the decoder, all results, and the most costly of the encoders. Never below what was
/// measured of any picture (bench/memory_bench); what facts do not tell counts as the worst that it can be,
/// such as that a JPEG is progressive. It grows with sides, frames, source bytes and each further transform.
/// A transform whose result would be beyond `limits` counts for nothing: it is refused. Without transforms:
/// what the picture takes to be decoded.
[[nodiscard]] std::uint64_t estimate_render_bytes(const ImageFacts& facts, std::uint64_t source_bytes,
                                                  std::span<const Transform> transforms,
                                                  const ImageLimits& limits);

/// What a client is told of a picture, or variant, that takes more than `bytes_max`. Code image_too_large.
[[nodiscard]] std::unexpected<Error> too_much_memory(std::uint64_t bytes, std::uint64_t bytes_max);

}  // namespace safelight
