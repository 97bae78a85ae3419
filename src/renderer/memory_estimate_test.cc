#include "renderer/memory_estimate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/units.h"

namespace safelight {
namespace {

ImageFacts facts_of(Format format, std::uint32_t width = 4'000, std::uint32_t height = 3'000) {
    return {.format = format, .width_px = width, .height_px = height};
}

std::uint64_t estimate(const ImageFacts& facts, const std::vector<Transform>& transforms,
                       std::uint64_t source_bytes = 1'000'000) {
    return estimate_render_bytes(facts, source_bytes, transforms, {});
}

Transform parsed(std::string_view json) {
    auto transform = parse_transform(json);
    EXPECT_TRUE(transform) << json;
    return transform.value_or(Transform{});
}

TEST(MemoryEstimate, FramesThatAreNeverDecodedDoNotCount) {
    ImageFacts animated = facts_of(Format::png, 1'000, 1'000);
    const auto still = estimate(animated, {parsed(R"({"format":"webp"})")});
    animated.frames = 300;
    EXPECT_EQ(estimate(animated, {parsed(R"({"format":"webp"})")}), still);
}

TEST(MemoryEstimate, GrowsWithThePicture) {
    for (const Format format : all_formats) {
        for (const char* json : {"{}", R"({"resize":{"width":200}})", R"({"rotate":90,"format":"webp"})"}) {
            std::uint64_t before = 0;
            for (std::uint32_t side = 100; side <= 7'000; side += 300) {
                const std::uint64_t now = estimate(facts_of(format, side, side), {parsed(json)});
                EXPECT_GE(now, before) << name_of(format) << json << side;
                before = now;
            }
            EXPECT_LT(estimate(facts_of(format), {parsed(json)}, 1'000),
                      estimate(facts_of(format), {parsed(json)}, 2'000));
        }
    }
}

TEST(MemoryEstimate, GrowsWithEachTransform) {
    std::vector<Transform> transforms;
    std::uint64_t before = estimate(facts_of(Format::jpeg), transforms);
    for (const char* json :
         {R"({"resize":{"width":200}})", "{}", R"({"format":"png"})", R"({"format":"avif"})"}) {
        transforms.push_back(parsed(json));
        const std::uint64_t now = estimate(facts_of(Format::jpeg), transforms);
        EXPECT_GT(now, before) << json;
        before = now;
    }
}

TEST(MemoryEstimate, ASmallResultCostsLessThanALargeOne) {
    for (const Format format : {Format::jpeg, Format::png, Format::webp, Format::avif}) {
        const auto facts = facts_of(Format::jpeg);
        const auto sized = [&](std::uint32_t width) {
            return estimate(facts, {{.resize = Resize{.width_px = width}, .format = format}});
        };
        EXPECT_LE(sized(200), sized(1'000));
        EXPECT_LT(sized(200), sized(4'000));
        // No larger than the picture, unless that is asked for.
        EXPECT_EQ(sized(4'000), sized(8'000));
        EXPECT_GT(estimate(facts, {{.resize = Resize{.width_px = 8'000, .enlarge = true}, .format = format}}),
                  sized(8'000));
    }
}

TEST(MemoryEstimate, WhatIsRefusedCountsForNothing) {
    const auto facts = facts_of(Format::jpeg);
    const Transform huge = parsed(R"({"resize":{"width":16000,"height":16000,"fit":"fill","enlarge":true}})");
    EXPECT_EQ(estimate(facts, {huge}), estimate(facts, {}));
    ImageLimits wide;
    wide.pixels_max = 300'000'000;
    EXPECT_GT(estimate_render_bytes(facts, 1'000'000, std::vector{huge}, wide), estimate(facts, {}));
}

/// What is left of the picture may be much narrower than all of it, and its result much higher.
TEST(MemoryEstimate, ThePartThatTrimLeavesMayHaveAnyShape) {
    const ImageFacts facts = facts_of(Format::png, 1'000, 1'000);
    const auto of = [&](const char* json) { return estimate(facts, {parsed(json)}); };
    EXPECT_GT(of(R"({"trim":0,"resize":{"width":100}})"), of(R"({"resize":{"width":900}})"));
    EXPECT_GT(of(R"({"trim":0,"resize":{"width":100,"enlarge":true}})"),
              of(R"({"resize":{"width":5000,"height":5000,"fit":"fill","enlarge":true}})"));
    const ImageFacts high = facts_of(Format::png, 200, 4'000);
    EXPECT_GT(estimate(high, {parsed(R"({"trim":0,"resize":{"width":4000,"enlarge":true}})")}),
              estimate(facts_of(Format::png, 4'000, 4'000), {Transform{}}));
}

TEST(MemoryEstimate, ACropIsCutOffAtTheEdges) {
    const ImageFacts facts = facts_of(Format::png, 1'000, 1'000);
    EXPECT_EQ(estimate(facts, {parsed(R"({"crop":{"x":990,"y":0,"width":500,"height":1000},
                                          "resize":{"width":100,"enlarge":true}})")}),
              estimate(facts, {parsed(R"({"crop":{"x":0,"y":0,"width":10,"height":1000},
                                          "resize":{"width":100,"enlarge":true}})")}));
}

TEST(MemoryEstimate, EveryRotationKeepsItsPicture) {
    const ImageFacts facts = facts_of(Format::jpeg, 2'000, 2'000);
    const Transform rotated = parsed(R"({"rotate":5,"resize":{"width":1000}})");
    const auto many = estimate(facts, std::vector(32, rotated));
    EXPECT_GT(many, 32ULL * 2'000 * 2'000 * 3);
}

TEST(MemoryEstimate, TheExtremesDoNotOverflow) {
    ImageLimits none;
    none.side_max_px = 65'535;
    none.pixels_max = ~std::uint64_t{0};
    ImageFacts facts = facts_of(Format::jxl, 65'535, 65'535);
    facts.frames = 1'000'000;
    const std::vector<Transform> transforms(64, Transform{.format = Format::avif});
    const std::uint64_t all = estimate_render_bytes(facts, ~std::uint64_t{0} / 4, transforms, none);
    EXPECT_GT(all, estimate_render_bytes(facts, 0, {}, none));
}

TEST(MemoryEstimate, TheErrorNamesBothFigures) {
    const Error error = too_much_memory(3 * MiB + 1, 2 * MiB).error();
    EXPECT_EQ(error.code, ErrorCode::image_too_large);
    EXPECT_NE(error.public_text.find("up to 4 MiB"), std::string::npos) << error.public_text;
    EXPECT_NE(error.public_text.find("allows 2 MiB"), std::string::npos);
}

}  // namespace
}  // namespace safelight
