#include "imaging/fit_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "imaging/encode.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using Bytes = std::vector<std::byte>;

/// What an encoder is called with, and a file of the size that `size_of` says.
class Calls {
  public:
    explicit Calls(std::function<std::size_t(const SaveOptions&)> size_of) : size_of_(std::move(size_of)) {}

    [[nodiscard]] EncodeCall call() {
        return [this](const SaveOptions& options) -> Result<Bytes> {
            made_.push_back(options);
            Bytes bytes(size_of_(options));
            bytes.front() = std::byte{options.quality};
            return bytes;
        };
    }
    [[nodiscard]] const std::vector<SaveOptions>& made() const { return made_; }

  private:
    std::function<std::size_t(const SaveOptions&)> size_of_;
    std::vector<SaveOptions> made_;
};

std::size_t ten_each(const SaveOptions& options) {
    return options.quality * std::size_t{10};
}

TEST(FitBytes, WhatFitsIsMadeOnce) {
    Calls calls(ten_each);
    const auto bytes = encode_within(800, Format::webp, {.quality = 80}, calls.call());
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size(), 800U);
    EXPECT_EQ(calls.made().size(), 1U);
}

TEST(FitBytes, TheBestQualityThatFitsIsFoundInFewCalls) {
    for (const Format format : {Format::jpeg, Format::webp, Format::avif, Format::jxl}) {
        for (unsigned quality = 1; quality <= 99; ++quality) {
            Calls calls(ten_each);
            const auto bytes = encode_within(quality * 10 + 9, format, {.quality = 100}, calls.call());
            ASSERT_TRUE(bytes);
            EXPECT_EQ(bytes->front(), std::byte(quality));
            EXPECT_LE(calls.made().size(), 9U);
        }
    }
}

TEST(FitBytes, QualityIsNeverAboveTheOneAskedFor) {
    Calls calls(ten_each);
    ASSERT_TRUE(encode_within(333, Format::avif, {.quality = 55}, calls.call()));
    EXPECT_TRUE(std::ranges::all_of(calls.made(), [](const auto& made) { return made.quality <= 55; }));
}

TEST(FitBytes, WhatIsReturnedFitsAlthoughSizesJump) {
    for (std::uint32_t seed = 1; seed < 200; ++seed) {
        Calls calls([seed](const SaveOptions& options) {
            return std::size_t{options.quality} * 10 + (options.quality * seed * 2'654'435'761U >> 25U);
        });
        const auto bytes = encode_within(400, Format::webp, {.quality = 90}, calls.call());
        if (bytes) {
            EXPECT_LE(bytes->size(), 400U);
            continue;
        }
        // Nothing that was tried fits, the lowest quality included.
        EXPECT_GT(calls.made().back().quality * std::size_t{10} + 128, 400U);
        EXPECT_EQ(calls.made().back().quality, 1);
    }
}

TEST(FitBytes, MoreEffortIsSpentBeforeQualityUnlessItWasChosen) {
    const auto size = [](const SaveOptions& options) {
        return ten_each(options) - 10 * options.effort.value_or(0);
    };
    Calls free(size);
    const auto bytes = encode_within(710, Format::jpeg, {.quality = 80}, free.call());
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->front(), std::byte{80});
    EXPECT_EQ(free.made().size(), 2U);

    Calls chosen(size);
    const auto lower =
        encode_within(710, Format::jpeg, {.quality = 80, .effort = std::uint8_t{1}}, chosen.call());
    ASSERT_TRUE(lower);
    EXPECT_EQ(lower->front(), std::byte{72});
    EXPECT_TRUE(std::ranges::all_of(chosen.made(), [](const auto& made) { return made.effort == 1; }));
}

TEST(FitBytes, WithoutAQualityThereIsNothingToSearch) {
    for (const Format format : {Format::png, Format::gif, Format::tiff}) {
        Calls calls([](const auto&) { return std::size_t{1'000}; });
        const auto bytes = encode_within(999, format, {}, calls.call());
        ASSERT_FALSE(bytes);
        EXPECT_EQ(bytes.error().code, ErrorCode::unsupported_transform);
        EXPECT_LE(calls.made().size(), 2U);
    }
    Calls lossless([](const auto&) { return std::size_t{1'000}; });
    EXPECT_FALSE(encode_within(999, Format::webp, {.lossless = true}, lossless.call()));
    EXPECT_TRUE(std::ranges::all_of(lossless.made(), [](const auto& made) { return made.lossless; }));
}

TEST(FitBytes, TheErrorNamesTheSmallestFile) {
    Calls calls([](const SaveOptions& options) { return 5'000 + ten_each(options); });
    const auto bytes = encode_within(100, Format::webp, {.quality = 80}, calls.call());
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, ErrorCode::unsupported_transform);
    EXPECT_NE(bytes.error().public_text.find("5010 bytes"), std::string::npos) << bytes.error().public_text;
    EXPECT_NE(bytes.error().public_text.find("allows 100."), std::string::npos);
}

TEST(FitBytes, AnErrorOfTheEncoderEndsTheSearch) {
    int calls = 0;
    const EncodeCall call = [&calls](const SaveOptions&) -> Result<Bytes> {
        if (++calls == 3) return failure(ErrorCode::cancelled, "The work was called off.");
        return Bytes(1'000);
    };
    const auto bytes = encode_within(100, Format::webp, {}, call);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, ErrorCode::cancelled);
    EXPECT_EQ(calls, 3);
}

/// With the encoders themselves.
class FitBytesOfFiles : public testing::TestWithParam<Format> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(initialise_codecs());
        if (!can_write(GetParam()))
            GTEST_SKIP() << "not on this machine: an encoder of " << name_of(GetParam());
    }

    /// Hard to predict and easy to repeat.
    static Pixels textured() {
        Pixels pixels = test::sample_pixels(240, 180, 3);
        std::uint32_t state = 1;
        for (std::uint8_t& sample : pixels.samples) {
            state = state * 1664525 + 1013904223;
            sample = static_cast<std::uint8_t>(sample ^ (state >> 28));
        }
        return pixels;
    }

    static Result<EncodedPicture> made(const Transform& transform) {
        return encode(textured(), GetParam(), transform, {});
    }
    static std::size_t size_at(std::uint8_t quality) { return made({.quality = quality})->bytes.size(); }
};

TEST_P(FitBytesOfFiles, EveryBudgetAboveTheLeastIsKeptAndUsed) {
    const std::size_t least = size_at(1);
    const std::size_t most = made({})->bytes.size();
    ASSERT_LT(least, most);
    for (const std::size_t share : {1U, 25U, 50U, 75U, 99U}) {
        const std::size_t budget = least + (most - least) * share / 100;
        const Transform transform{.max_bytes = static_cast<std::uint32_t>(budget)};
        const auto picture = made(transform);
        ASSERT_TRUE(picture) << budget;
        EXPECT_LE(picture->bytes.size(), budget);
        // A step of quality is worth no more than this.
        if (share >= 25) EXPECT_GT(picture->bytes.size(), budget * 3 / 4) << share;
        EXPECT_EQ(picture->width_px, 240U);
        EXPECT_EQ(sniff(picture->bytes), GetParam());
        EXPECT_EQ(made(transform)->bytes, picture->bytes) << "not the same twice";
    }
}

TEST_P(FitBytesOfFiles, AGenerousBudgetChangesNothing) {
    EXPECT_EQ(made({.max_bytes = 10'000'000})->bytes, made({})->bytes);
    const auto chosen = std::optional<std::uint8_t>(30);
    EXPECT_EQ(made({.quality = chosen, .max_bytes = 10'000'000})->bytes, made({.quality = chosen})->bytes);
}

TEST_P(FitBytesOfFiles, ABetterBudgetLooksBetter) {
    const Pixels original = textured();
    const std::size_t most = made({})->bytes.size();
    const auto difference = [&](std::size_t budget) {
        const auto picture = made({.max_bytes = static_cast<std::uint32_t>(budget)});
        return picture ? test::mean_difference(test::decoded(picture->bytes), original) : 255.0;
    };
    EXPECT_LT(difference(most * 9 / 10), difference(most / 2));
}

TEST_P(FitBytesOfFiles, WhatCannotFitFails) {
    const auto picture = made({.max_bytes = max_bytes_min});
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().code, ErrorCode::unsupported_transform);
}

TEST_P(FitBytesOfFiles, CancellationIsSeenBetweenEncodes) {
    const Transform transform{.max_bytes = max_bytes_min};
    int asked = 0;
    const auto counted = encode(textured(), GetParam(), transform, [&asked] { return ++asked < 0; });
    EXPECT_EQ(counted.error().code, ErrorCode::unsupported_transform);
    ASSERT_GE(asked, 6) << "once for each encode at least";
    for (const int last : {1, 3, 6}) {
        int now = 0;
        const auto picture = encode(textured(), GetParam(), transform, [&] { return ++now >= last; });
        ASSERT_FALSE(picture);
        EXPECT_EQ(picture.error().code, ErrorCode::cancelled)
            << last << " of " << asked << ": " << picture.error().log_text;
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, FitBytesOfFiles,
                         testing::Values(Format::jpeg, Format::webp, Format::avif, Format::jxl),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(FitBytesOfPng, IsCompressedHarderOrRefused) {
    ASSERT_TRUE(initialise_codecs());
    // Repetition at many distances: the longer it is looked for, the more is found.
    Pixels pixels(240, 180, 3);
    for (std::uint32_t i = 0; i < pixels.samples.size(); ++i)
        pixels.samples[i] = static_cast<std::uint8_t>((i % 97 * (i % 89)) >> 6U);
    const std::size_t usual = encode(pixels, Format::png, {}, {})->bytes.size();
    const std::size_t hard = encode(pixels, Format::png, {.effort = std::uint8_t{9}}, {})->bytes.size();
    ASSERT_LT(hard, usual);
    const auto fitted = encode(pixels, Format::png, {.max_bytes = static_cast<std::uint32_t>(hard)}, {});
    ASSERT_TRUE(fitted);
    EXPECT_EQ(test::decoded(fitted->bytes).samples, pixels.samples);
    const auto refused = encode(pixels, Format::png, {.max_bytes = static_cast<std::uint32_t>(hard - 1)}, {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().public_text.find(std::to_string(hard)), std::string::npos);
}

}  // namespace
}  // namespace safelight
