#include "image/limits.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

ImageFacts facts_of(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t frames = 1) {
    ImageFacts facts;
    facts.format = Format::gif;
    facts.width_px = width_px;
    facts.height_px = height_px;
    facts.frames = frames;
    return facts;
}

ErrorCode refusal(const ImageFacts& facts, const ImageLimits& limits = {}) {
    const auto status = check(facts, limits);
    return status ? ErrorCode::internal : status.error().code;
}

TEST(Limits, AcceptWhatFits) {
    EXPECT_TRUE(check(facts_of(1, 1), {}));
    EXPECT_TRUE(check(facts_of(10'000, 5'000), {}));
    EXPECT_TRUE(check(facts_of(16'383, 3'000), {}));
    EXPECT_TRUE(check(facts_of(400, 400, 300), {}));
}

TEST(Limits, RefuseEachExcess) {
    EXPECT_EQ(refusal(facts_of(0, 10)), ErrorCode::invalid_image);
    EXPECT_EQ(refusal(facts_of(16'384, 1)), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(facts_of(1, 65'535)), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(facts_of(10'000, 5'001)), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(facts_of(2'000, 2'000, 250)), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(facts_of(1, 1, 301)), ErrorCode::too_many_frames);
}

TEST(Limits, FramesThatAreNeverDecodedDoNotCount) {
    ImageFacts facts = facts_of(2'000, 2'000, 250);
    for (const Format format : {Format::png, Format::jxl, Format::avif}) {
        facts.format = format;
        EXPECT_TRUE(check(facts, {}));
    }
}

TEST(Limits, DoNotOverflow) {
    ImageLimits wide;
    wide.side_max_px = 0xffff'ffff;
    wide.frames_max = 0xffff'ffff;
    EXPECT_EQ(refusal(facts_of(0xffff'ffff, 0xffff'ffff, 0xffff'ffff), wide), ErrorCode::image_too_large);
}

}  // namespace
}  // namespace safelight
