#include "worker/render_batches.h"

#include <algorithm>
#include <utility>

#include "renderer/memory_estimate.h"
#include "renderer/time_estimate.h"

namespace safelight {

bool need_overlays(std::span<const Transform> transforms) {
    return std::ranges::any_of(transforms, [](const Transform& each) { return each.watermark.has_value(); });
}

RenderBatches plan_batches(const Image& image, std::span<const Transform> transforms,
                           const ImageLimits& limits, const RenderRoom& room, std::uint64_t overlay_bytes) {
    const auto estimate = [&](std::span<const Transform> some) {
        return estimate_render_bytes(image.facts, image.size_bytes, some, limits) +
               (need_overlays(some) ? overlay_bytes : 0);
    };
    RenderBatches plan;
    RenderBatch batch;
    std::vector<Transform> gathered;  // those of `batch`
    const auto close = [&] {
        if (!gathered.empty()) plan.batches.push_back(std::exchange(batch, {}));
        gathered.clear();
    };
    for (std::size_t i = 0; i < transforms.size(); ++i) {
        const std::uint64_t alone = estimate(transforms.subspan(i, 1));
        if (alone > room.bytes_max) {
            plan.too_large.push_back({{i}, alone});
            continue;
        }
        gathered.push_back(transforms[i]);
        std::uint64_t together = estimate(gathered);
        const bool is_too_long =
            gathered.size() > 1 && estimate_render_time(image.facts, gathered, limits) > room.time_max;
        if (together > room.bytes_max || is_too_long) {
            gathered.pop_back();
            close();
            gathered.push_back(transforms[i]);
            together = alone;
        }
        batch.transforms.push_back(i);
        batch.bytes = together;
    }
    close();
    return plan;
}

}  // namespace safelight
