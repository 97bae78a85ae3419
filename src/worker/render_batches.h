// Which of a job's transforms are rendered in one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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

/// All in one batch, for one decode, where that takes no more than `bytes_max`; else as many in each as there
/// is room for. Estimates are those of renderer/memory_estimate.h, and `overlay_bytes` where a watermark is
/// among them. Pure.
[[nodiscard]] RenderBatches plan_batches(const Image& image, std::span<const Transform> transforms,
                                         const ImageLimits& limits, std::uint64_t bytes_max,
                                         std::uint64_t overlay_bytes = 0);

/// True when any of them lays a stored image over the picture.
[[nodiscard]] bool need_overlays(std::span<const Transform> transforms);

}  // namespace safelight
