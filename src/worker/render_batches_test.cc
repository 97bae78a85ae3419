#include "worker/render_batches.h"

#include <gtest/gtest.h>

#include "renderer/memory_estimate.h"
#include "renderer/time_estimate.h"

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

RenderRoom room(std::uint64_t bytes_max) {
    return {bytes_max, Milliseconds{3'600'000}};
}

const Transform small{.resize = Resize{.width_px = 100}, .format = Format::webp};
const Transform whole{.format = Format::webp, .lossless = true};

TEST(RenderBatches, AllGoInOneWhereTheyFit) {
    const std::vector<Transform> transforms{small, whole, small};
    const auto plan = plan_batches(large_image(), transforms, {}, room(estimate(transforms)));
    EXPECT_EQ(plan.batches, (std::vector<RenderBatch>{{{0, 1, 2}, estimate(transforms)}}));
    EXPECT_TRUE(plan.too_large.empty());
}

TEST(RenderBatches, WhatDoesNotFitTogetherIsMadeInTurns) {
    const std::vector<Transform> transforms{whole, whole, small};
    const std::uint64_t bytes_max = estimate({whole}) + 1'000'000;
    ASSERT_GT(estimate({whole, whole}), bytes_max);
    const auto plan = plan_batches(large_image(), transforms, {}, room(bytes_max));
    EXPECT_EQ(plan.batches,
              (std::vector<RenderBatch>{{{0}, estimate({whole})}, {{1, 2}, estimate({whole, small})}}));
    EXPECT_TRUE(plan.too_large.empty());
    for (const RenderBatch& batch : plan.batches) EXPECT_LE(batch.bytes, bytes_max);
}

TEST(RenderBatches, WhatNeverFitsIsLeftOutAlone) {
    const std::vector<Transform> transforms{small, whole, small};
    const auto plan = plan_batches(large_image(), transforms, {}, room(estimate({whole}) - 1));
    EXPECT_EQ(plan.batches, (std::vector<RenderBatch>{{{0, 2}, estimate({small, small})}}));
    EXPECT_EQ(plan.too_large, (std::vector<RenderBatch>{{{1}, estimate({whole})}}));
}

TEST(RenderBatches, AHeavyWatermarkIsNoBurdenToTheOthers) {
    Transform marked = small;
    marked.watermark.emplace();
    const std::vector<Transform> transforms{small, marked, small};
    constexpr std::uint64_t overlay_bytes = 500'000'000;
    const auto plain = estimate({small, small});
    const auto tight = plan_batches(large_image(), transforms, {}, room(plain), overlay_bytes);
    EXPECT_EQ(tight.batches, (std::vector<RenderBatch>{{{0, 2}, plain}}));
    EXPECT_EQ(tight.too_large, (std::vector<RenderBatch>{{{1}, estimate({marked}) + overlay_bytes}}));
    const auto roomy =
        plan_batches(large_image(), transforms, {}, room(2 * overlay_bytes + plain), overlay_bytes);
    EXPECT_EQ(roomy.batches, (std::vector<RenderBatch>{{{0, 1, 2}, estimate(transforms) + overlay_bytes}}));
}

TEST(RenderBatches, WhatTakesTooLongTogetherIsMadeInTurns) {
    const Transform slow{.resize = Resize{.width_px = 2'000}, .format = Format::avif, .effort = 7};
    const std::vector<Transform> transforms{slow, slow, small, slow};
    const auto time = [](const std::vector<Transform>& some) {
        return estimate_render_time(large_image().facts, some, {});
    };
    const RenderRoom both{std::uint64_t{1} << 40U, time({slow, slow, small})};
    EXPECT_EQ(
        plan_batches(large_image(), transforms, {}, both).batches,
        (std::vector<RenderBatch>{{{0, 1, 2}, estimate({slow, slow, small})}, {{3}, estimate({slow})}}));
    const RenderRoom little{both.bytes_max, time({slow}) / 2};
    const auto plan = plan_batches(large_image(), transforms, {}, little);
    EXPECT_EQ(plan.batches.size(), 4U) << "each is tried";
    EXPECT_TRUE(plan.too_large.empty());
}

TEST(RenderBatches, WithoutTransformsThereIsNothingToDo) {
    EXPECT_EQ(plan_batches(large_image(), {}, {}, room(1)), RenderBatches{});
}

}  // namespace
}  // namespace safelight
