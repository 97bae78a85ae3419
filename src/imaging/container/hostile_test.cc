// What no library may ever see: files that are cut, changed at random, or that lie.
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "imaging/container/container.h"
#include "imaging/imaging.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

/// One small file of each format, those included that this libvips cannot write (as it is then read nowhere).
std::vector<Bytes> samples() {
    std::vector<Bytes> files;
    for (const Format format : all_formats) {
        files.push_back(test::sample_file(format, 24, 17, 3));
        files.push_back(test::sample_file(format, 9, 31, 4));
    }
    for (const Format format : {Format::jpeg, Format::png, Format::webp}) {
        files.push_back(test::file_with_metadata(format, Orientation::turned_90));
    }
    files.push_back(test::gif_of(3, 20, 20));
    files.push_back(test::jpeg_with_profile("p3"));
    std::erase_if(files, [](const Bytes& file) { return file.empty(); });
    return files;
}

bool is_permanent_refusal(ErrorCode code) {
    switch (code) {
        case ErrorCode::empty_payload:
        case ErrorCode::unsupported_image:
        case ErrorCode::invalid_image:
        case ErrorCode::image_too_large:
        case ErrorCode::too_many_frames:
        case ErrorCode::too_many_scans:
            return true;
        default:
            return false;
    }
}

TEST(Hostile, EveryTruncationIsDecidedInsideTheBytes) {
    for (const Bytes& file : samples()) {
        ASSERT_TRUE(inspect(file, {}));
        for (std::size_t size = 0; size < file.size(); ++size) {
            // A copy of exactly that size, so that a sanitizer sees every step past its end.
            const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
            const auto facts = inspect(cut, {});
            if (!facts) EXPECT_TRUE(is_permanent_refusal(facts.error().code)) << size;
        }
    }
}

TEST(Hostile, EveryMutationIsDecidedInsideTheBytes) {
    std::mt19937 random(20261123);
    for (const Bytes& file : samples()) {
        for (int round = 0; round < 2000; ++round) {
            Bytes changed = file;
            const int changes = 1 + static_cast<int>(random() % 6);
            for (int i = 0; i < changes; ++i) {
                // Headers come first: half of all changes hit them.
                const std::size_t range =
                    random() % 2 == 0 ? std::min<std::size_t>(changed.size(), 128) : changed.size();
                constexpr int extremes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
                const auto value = random() % 3 == 0 ? static_cast<std::byte>(random() & 0xff)
                                                     : static_cast<std::byte>(extremes[random() % 5]);
                changed[random() % range] = value;
            }
            const auto facts = inspect(changed, {});
            if (facts) {
                EXPECT_TRUE(check(*facts, {}));
            } else {
                EXPECT_TRUE(is_permanent_refusal(facts.error().code));
            }
        }
    }
}

TEST(Hostile, HalfAPictureIsNoPicture) {
    ASSERT_TRUE(initialise_codecs());
    const Transform thumbnail{.resize = Resize{10, 10}};
    for (const Format format : all_formats) {
        const Bytes file = test::sample_file(format, 300, 200, 3);
        if (file.empty()) continue;
        const Bytes half(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(file.size() / 2));
        const auto result = test::rendered(half, std::span(&thumbnail, 1), {}, {});
        ASSERT_FALSE(result) << name_of(format);
        EXPECT_EQ(result.error().code, ErrorCode::invalid_image)
            << name_of(format) << result.error().log_text;
    }
}

TEST(Hostile, DamageInsideAJpegsDataIsFound) {
    ASSERT_TRUE(initialise_codecs());
    Bytes file = test::sample_file(Format::jpeg, 300, 200, 3);
    // An end-of-image marker in the middle of the scan: the rest of the pixels would be made up.
    file[file.size() / 2] = std::byte{0xff};
    file[file.size() / 2 + 1] = std::byte{0xd9};
    const Transform thumbnail{.resize = Resize{10, 10}};
    const auto result = test::rendered(file, std::span(&thumbnail, 1), {}, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid_image);
}

TEST(Hostile, PngMetadataIsNeverInflatedWithoutBound) {
    ASSERT_TRUE(initialise_codecs());
    const Bytes zeros(100 << 20, std::byte{0});
    const Bytes bomb = test::deflated(zeros);
    std::vector<Bytes> chunks;
    for (const std::string_view keyword : {"Comment", "Raw profile type exif"}) {
        for (int i = 0; i < 20; ++i) {
            Bytes payload = test::bytes_of(keyword);
            payload.insert(payload.end(), 2, std::byte{0});
            payload.insert(payload.end(), bomb.begin(), bomb.end());
            chunks.push_back(test::png_chunk("zTXt", payload));
        }
    }
    Bytes profile = test::bytes_of("icc");
    profile.insert(profile.end(), 2, std::byte{0});
    profile.insert(profile.end(), bomb.begin(), bomb.end());
    chunks.push_back(test::png_chunk("iCCP", profile));
    const Bytes row(9, std::byte{0});
    const Bytes png = test::png_of(8, 1, 8, 0, row, chunks);
    const auto begin = std::clock();
    const auto facts = probe(png, {});
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->width_px, 8U);
    const Transform same;
    const auto result = test::rendered(png, std::span(&same, 1), {}, {});
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->front());
    // Inflating it all would take seconds.
    EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 0.5);
}

}  // namespace
}  // namespace safelight
