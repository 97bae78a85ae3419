// Which of a job's transforms are rendered in one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "catalog/records.h"
#include "image/limits.h"
#include "transform/transform.h"

namespace safelight {

/// Transforms by their index, in order, and what making them in one call takes.
struct RenderBatch {
    std::vector<std::size_t> transforms;
    std::uint64_t bytes = 0;

    bool operator==(const RenderBatch&) const = default;
};

struct RenderBatches {
    std::vector<RenderBatch> batches;
    std::vector<RenderBatch> too_large;  // each a transform that takes more than is allowed even alone

    bool operator==(const RenderBatches&) const = default;
};

/// What one call may take.
struct RenderRoom {
    std::uint64_t bytes_max = 0;  // by renderer/memory_estimate.h
    Milliseconds time_max{0};     // of one processor, by renderer/time_estimate.h
};

/// All in one batch, for one decode, where there is room for that; else as many in each as there is room for.
/// Whatever may take more time than that even alone is a batch of its own: how long it really takes, only
/// trying tells. `overlay_bytes` are added where a watermark is among them. Pure.
[[nodiscard]] RenderBatches plan_batches(const Image& image, std::span<const Transform> transforms,
                                         const ImageLimits& limits, const RenderRoom& room,
                                         std::uint64_t overlay_bytes = 0);

/// True when any of them lays a stored image over the picture.
[[nodiscard]] bool need_overlays(std::span<const Transform> transforms);

}  // namespace safelight
