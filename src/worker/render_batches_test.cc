#include "worker/render_batches.h"

#include <gtest/gtest.h>

#include "renderer/memory_estimate.h"

namespace safelight {
namespace {

Image large_image() {
    Image image;
    image.facts = {.format = Format::png, .width_px = 6'000, .height_px = 4'000, .has_alpha = true};
    image.size_bytes = 20'000'000;
    return image;
}

std::uint64_t estimate(const std::vector<Transform>& transforms) {
    return estimate_render_bytes(large_image().facts, large_image().size_bytes, transforms, {});
}

const Transform small{.resize = Resize{.width_px = 100}, .format = Format::webp};
const Transform whole{.format = Format::webp, .lossless = true};

TEST(RenderBatches, AllGoInOneWhereTheyFit) {
    const std::vector<Transform> transforms{small, whole, small};
    const auto plan = plan_batches(large_image(), transforms, {}, estimate(transforms));
    EXPECT_EQ(plan.batches, (std::vector<RenderBatch>{{{0, 1, 2}, estimate(transforms)}}));
    EXPECT_TRUE(plan.too_large.empty());
}

TEST(RenderBatches, WhatDoesNotFitTogetherIsMadeInTurns) {
    const std::vector<Transform> transforms{whole, whole, small};
    const std::uint64_t bytes_max = estimate({whole}) + 1'000'000;
    ASSERT_GT(estimate({whole, whole}), bytes_max);
    const auto plan = plan_batches(large_image(), transforms, {}, bytes_max);
    EXPECT_EQ(plan.batches,
              (std::vector<RenderBatch>{{{0}, estimate({whole})}, {{1, 2}, estimate({whole, small})}}));
    EXPECT_TRUE(plan.too_large.empty());
    for (const RenderBatch& batch : plan.batches) EXPECT_LE(batch.bytes, bytes_max);
}

TEST(RenderBatches, WhatNeverFitsIsLeftOutAlone) {
    const std::vector<Transform> transforms{small, whole, small};
    const auto plan = plan_batches(large_image(), transforms, {}, estimate({whole}) - 1);
    EXPECT_EQ(plan.batches, (std::vector<RenderBatch>{{{0, 2}, estimate({small, small})}}));
    EXPECT_EQ(plan.too_large, (std::vector<RenderBatch>{{{1}, estimate({whole})}}));
}

TEST(RenderBatches, AHeavyWatermarkIsNoBurdenToTheOthers) {
    Transform marked = small;
    marked.watermark.emplace();
    const std::vector<Transform> transforms{small, marked, small};
    constexpr std::uint64_t overlay_bytes = 500'000'000;
    const auto plain = estimate({small, small});
    const auto tight = plan_batches(large_image(), transforms, {}, plain, overlay_bytes);
    EXPECT_EQ(tight.batches, (std::vector<RenderBatch>{{{0, 2}, plain}}));
    EXPECT_EQ(tight.too_large, (std::vector<RenderBatch>{{{1}, estimate({marked}) + overlay_bytes}}));
    const auto roomy = plan_batches(large_image(), transforms, {}, 2 * overlay_bytes + plain, overlay_bytes);
    EXPECT_EQ(roomy.batches, (std::vector<RenderBatch>{{{0, 1, 2}, estimate(transforms) + overlay_bytes}}));
}

TEST(RenderBatches, WithoutTransformsThereIsNothingToDo) {
    EXPECT_EQ(plan_batches(large_image(), {}, {}, 1), RenderBatches{});
}

}  // namespace
}  // namespace safelight
