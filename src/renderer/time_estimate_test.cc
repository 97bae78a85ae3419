#include "renderer/time_estimate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace safelight {
namespace {

using namespace std::chrono_literals;

ImageFacts facts_of(Format format, std::uint32_t width = 4'000, std::uint32_t height = 3'000) {
    return {.format = format, .width_px = width, .height_px = height};
}

Transform parsed(const std::string& json) {
    auto transform = parse_transform(json);
    EXPECT_TRUE(transform) << json;
    return transform.value_or(Transform{});
}

Milliseconds estimate(const ImageFacts& facts, const std::string& json) {
    const Transform transform = parsed(json);
    return estimate_render_time(facts, std::span(&transform, 1), {});
}

TEST(TimeEstimate, GrowsWithThePicture) {
    for (const Format format : all_formats) {
        for (const char* json : {"{}", R"({"resize":{"width":200}})", R"({"rotate":12.5,"format":"webp"})"}) {
            Milliseconds before{0};
            for (std::uint32_t side = 100; side <= 5'000; side += 300) {
                const Milliseconds now = estimate(facts_of(format, side, side), json);
                EXPECT_GE(now, before) << name_of(format) << json << side;
                before = now;
            }
            EXPECT_GT(before, 100ms) << name_of(format) << json;
        }
    }
}

TEST(TimeEstimate, GrowsWithTheEffort) {
    for (const char* format : {"jpeg", "png", "webp", "gif", "avif", "jxl"}) {
        Milliseconds before{0};
        for (int effort = 1; effort <= 9; ++effort) {
            const Milliseconds now =
                estimate(facts_of(Format::jpeg), R"({"format":")" + std::string(format) + R"(","effort":)" +
                                                     std::to_string(effort) + "}");
            EXPECT_GE(now, before) << format << effort;
            before = now;
        }
    }
}

TEST(TimeEstimate, ASearchForASizeCountsAllItsTries) {
    EXPECT_GT(estimate(facts_of(Format::jpeg), R"({"format":"avif","max_bytes":50000})"),
              4 * estimate(facts_of(Format::jpeg), R"({"format":"avif"})"));
}

TEST(TimeEstimate, DecodingCountsOnceForStillsAndForEachAnimation) {
    const std::vector<Transform> two{parsed(R"({"resize":{"width":10}})"),
                                     parsed(R"({"resize":{"width":11}})")};
    ImageFacts facts = facts_of(Format::png);
    const auto both = [&] { return estimate_render_time(facts, two, {}); };
    const auto one = [&] { return estimate_render_time(facts, std::span(two).first(1), {}); };
    EXPECT_LT(both(), one() * 3 / 2);
    facts = facts_of(Format::gif, 400, 300);
    facts.frames = 100;
    EXPECT_GT(both(), one() * 19 / 10);
}

TEST(TimeEstimate, FramesThatAreNeverDecodedDoNotCount) {
    ImageFacts animated = facts_of(Format::png, 1'000, 1'000);
    const Milliseconds still = estimate(animated, R"({"format":"webp"})");
    animated.frames = 300;
    EXPECT_EQ(estimate(animated, R"({"format":"webp"})"), still);
}

TEST(TimeEstimate, WhatIsRefusedCountsForNothing) {
    EXPECT_EQ(estimate(facts_of(Format::jpeg),
                       R"({"resize":{"width":16383,"height":16383,"fit":"fill","enlarge":true}})"),
              0ms);
    EXPECT_EQ(estimate_render_time(facts_of(Format::jpeg), {}, {}), 0ms);
}

}  // namespace
}  // namespace safelight
