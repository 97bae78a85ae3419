// What our decoder of Huffman codes makes of a JPEG is what libjpeg's makes of it, bit for bit, or an error
// where that one has one.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include <optional>
#include <random>

// After cstdio, which jpeglib.h needs and does not include.
#include <jpeglib.h>

#include "imaging/jpeg/libjpeg.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

struct Coding {
    int quality = 90;
    int horizontal = 2;  // sampling factors of the first component; 1 for the others
    int vertical = 2;
    unsigned restart_interval = 0;  // in MCUs
    bool optimised = false;
    bool progressive = false;
};

Bytes encoded(const Pixels& pixels, const Coding& coding) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* buffer = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &buffer, &size);
    info.image_width = pixels.width_px;
    info.image_height = pixels.height_px;
    info.input_components = static_cast<int>(pixels.channels);
    info.in_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, coding.quality, TRUE);
    info.comp_info[0].h_samp_factor = coding.horizontal;
    info.comp_info[0].v_samp_factor = coding.vertical;
    info.restart_interval = coding.restart_interval;
    info.optimize_coding = coding.optimised ? TRUE : FALSE;
    if (coding.progressive) jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        auto* row = const_cast<JSAMPROW>(pixels.row(info.next_scanline));
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    const auto* begin = reinterpret_cast<const std::byte*>(buffer);
    Bytes file(begin, begin + size);
    jpeg_destroy_compress(&info);
    std::free(buffer);
    return file;
}

/// Every coefficient occurs, and with it every code.
Pixels noise(std::uint32_t width, std::uint32_t height, std::uint32_t channels) {
    std::mt19937 random(5);
    Pixels pixels(width, height, channels);
    for (std::uint8_t& sample : pixels.samples) sample = static_cast<std::uint8_t>(random());
    return pixels;
}

/// All rows; nothing when the file is refused.
std::optional<std::vector<std::uint8_t>> decoded_by(EntropyDecoder entropy, std::span<const std::byte> file,
                                                    std::uint32_t shrink) {
    const StopCheck never;
    JpegReader reader(file, never);
    const auto info = reader.read_header();
    if (!info || info->channels == 0 || !reader.start(shrink, true, entropy)) return std::nullopt;
    const std::size_t row_bytes = std::size_t{reader.rows_width_px()} * info->channels;
    std::vector<std::uint8_t> samples(row_bytes * reader.rows_height_px());
    for (std::size_t at = 0; at < samples.size();) {
        const auto count = reader.read_rows(std::span(samples).subspan(at));
        if (!count || *count == 0) return std::nullopt;
        at += *count * row_bytes;
    }
    if (!reader.finish()) return std::nullopt;
    return samples;
}

void expect_same(std::span<const std::byte> file, const std::string& what) {
    for (const std::uint32_t shrink : {1U, 2U, 4U, 8U}) {
        EXPECT_EQ(decoded_by(EntropyDecoder::fastest, file, shrink),
                  decoded_by(EntropyDecoder::libjpeg, file, shrink))
            << what << ", 1/" << shrink;
    }
}

void expect_decoded_and_same(const Bytes& file, const std::string& what) {
    EXPECT_TRUE(decoded_by(EntropyDecoder::fastest, file, 1)) << what;
    expect_same(file, what);
}

TEST(BaselineEntropy, EverySamplingAndSize) {
    for (const auto& [horizontal, vertical] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}}) {
        for (const std::uint32_t side : {1U, 7U, 8U, 17U, 70U}) {
            const Coding coding{.horizontal = horizontal, .vertical = vertical};
            const std::string what = std::to_string(horizontal) + "×" + std::to_string(vertical) + ", " +
                                     std::to_string(side) + " px";
            expect_decoded_and_same(encoded(test::sample_pixels(side, side + 3, 3), coding), what);
            expect_decoded_and_same(encoded(noise(side + 5, side, 3), coding), what);
        }
    }
}

TEST(BaselineEntropy, EveryQualityWithUsualAndWithOwnCodes) {
    for (int quality = 1; quality <= 100; quality += 3) {
        for (const bool optimised : {false, true}) {
            const std::string what = "quality " + std::to_string(quality);
            const Coding coding{.quality = quality, .optimised = optimised};
            expect_decoded_and_same(encoded(noise(40, 50, 3), coding), what);
            expect_decoded_and_same(encoded(noise(40, 50, 1), coding), what + ", grey");
            expect_decoded_and_same(encoded(test::sample_pixels(90, 60, 3), coding), what + ", smooth");
        }
    }
}

TEST(BaselineEntropy, Restarts) {
    for (const unsigned interval : {1U, 2U, 3U, 7U, 8U, 50U, 1'000U}) {
        const Coding coding{.restart_interval = interval};
        expect_decoded_and_same(encoded(noise(150, 90, 3), coding), "every " + std::to_string(interval));
    }
}

TEST(BaselineEntropy, LeavesTheOthersToLibjpeg) {
    expect_decoded_and_same(encoded(noise(50, 40, 3), {.progressive = true}), "progressive");
}

TEST(BaselineEntropy, WhateverStandsBehindTheScanIsNotRead) {
    Bytes file = encoded(noise(50, 40, 3), {});
    file.resize(file.size() + 1'000, std::byte{0xff});
    expect_decoded_and_same(file, "with more behind it");
}

/// Up to where the pixels begin, every other test of the room cuts and changes files.
std::size_t begin_of_scan(const Bytes& file) {
    for (std::size_t i = 0; i + 1 < file.size(); ++i) {
        if (file[i] == std::byte{0xff} && file[i + 1] == std::byte{0xda}) return i;
    }
    return file.size();
}

TEST(BaselineEntropy, AScanThatIsCutOffIsRefusedAsByLibjpeg) {
    for (const Coding& coding : {Coding{}, Coding{.restart_interval = 3}}) {
        const Bytes file = encoded(noise(50, 40, 3), coding);
        for (std::size_t size = begin_of_scan(file); size < file.size(); ++size) {
            const auto part = std::span(file).first(size);
            EXPECT_FALSE(decoded_by(EntropyDecoder::fastest, part, 1)) << size;
            Bytes ended(part.begin(), part.end());
            ended.insert(ended.end(), {std::byte{0xff}, std::byte{0xd9}});
            EXPECT_EQ(decoded_by(EntropyDecoder::fastest, ended, 1),
                      decoded_by(EntropyDecoder::libjpeg, ended, 1))
                << size;
        }
    }
}

TEST(BaselineEntropy, AScanThatIsDamagedComesOutAsByLibjpeg) {
    std::mt19937 random(6);
    int refused = 0;
    for (const Coding& coding :
         {Coding{}, Coding{.quality = 30}, Coding{.restart_interval = 2}, Coding{.optimised = true}}) {
        const Bytes file = encoded(noise(60, 50, 3), coding);
        const std::size_t begin = begin_of_scan(file);
        for (int round = 0; round < 500; ++round) {
            Bytes damaged = file;
            for (int change = 0; change < 1 + round % 4; ++change) {
                damaged[begin + random() % (file.size() - begin)] =
                    static_cast<std::byte>(round % 3 == 0 ? 0xffU : random());
            }
            const auto ours = decoded_by(EntropyDecoder::fastest, damaged, 1);
            EXPECT_EQ(ours, decoded_by(EntropyDecoder::libjpeg, damaged, 1)) << round;
            if (!ours) ++refused;
        }
    }
    EXPECT_GT(refused, 100);
    EXPECT_LT(refused, 1'900);
}

}  // namespace
}  // namespace safelight
