#include "imaging/png/png_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

#include "imaging/colour/gamut.h"
#include "imaging/metadata/attach.h"
#include "imaging/test_pictures.h"
#include "imaging/vips/save.h"
#include "imaging/vips/vips_source.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

struct Kind {
    std::uint8_t colour_type;
    std::uint32_t pixel_bytes;
    bool has_transparency;  // of the palette
};

constexpr std::array kinds{Kind{0, 1, false}, Kind{2, 3, false}, Kind{3, 1, false},
                           Kind{3, 1, true},  Kind{4, 2, false}, Kind{6, 4, false}};

/// Any bytes are rows: `filters` tells which of them each row in turn is filtered by.
Bytes random_png(const Kind& kind, std::uint32_t width, std::uint32_t height, std::string_view filters) {
    std::mt19937 random(width * 31 + height);
    Bytes rows;
    for (std::uint32_t y = 0; y < height; ++y) {
        rows.push_back(static_cast<std::byte>(filters[y % filters.size()]));
        for (std::uint32_t i = 0; i < width * kind.pixel_bytes; ++i)
            rows.push_back(std::byte(random() & 0xff));
    }
    std::vector<Bytes> chunks;
    if (kind.colour_type == 3) {
        Bytes palette;
        for (int i = 0; i < 256 * 3; ++i) palette.push_back(std::byte(random() & 0xff));
        chunks.push_back(test::png_chunk("PLTE", palette));
        palette.resize(100);
        if (kind.has_transparency) chunks.push_back(test::png_chunk("tRNS", palette));
    }
    return test::png_of(width, height, 8, kind.colour_type, rows, chunks);
}

Plan whole(std::uint32_t width, std::uint32_t height) {
    return {{0, 0, double(width), double(height)}, width, height};
}

std::optional<std::vector<Pixels>> read(const Bytes& file, const Plan& plan, Icc icc = Icc::srgb) {
    auto result = read_plain_png(file, std::span(&plan, 1), icc, {});
    EXPECT_TRUE(result);
    return result ? *std::move(result) : std::nullopt;
}

class PngSource : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }
};

TEST_F(PngSource, ReadsWhatLibpngReads) {
    for (const Kind& kind : kinds) {
        for (const auto& [width, height] : {std::pair{1U, 1U}, {7U, 5U}, {64U, 40U}, {33U, 35U}}) {
            for (const std::string_view filters : {"\0"sv, "\1"sv, "\2"sv, "\3"sv, "\4"sv, "\4\3\2\1\0"sv}) {
                const Bytes file = random_png(kind, width, height, filters);
                const auto facts = probe(file, {});
                ASSERT_TRUE(facts);
                for (const Plan& plan :
                     {whole(width, height), Plan{{0, 0, double(width), double(height)}, 3, 2}}) {
                    const auto ours = read(file, plan);
                    const auto theirs = read_by_vips(file, *facts, std::span(&plan, 1), Icc::srgb, {});
                    ASSERT_TRUE(ours && theirs) << int{kind.colour_type};
                    EXPECT_EQ(ours->front().channels, theirs->front().channels) << int{kind.colour_type};
                    EXPECT_EQ(ours->front().samples, theirs->front().samples)
                        << int{kind.colour_type} << ' ' << width << ' ' << int{filters.front()};
                }
            }
        }
    }
}

TEST_F(PngSource, DataMayComeInManyChunks) {
    const Bytes file = random_png(kinds[1], 20, 20, "\4"sv);
    const Bytes name = test::bytes_of("IDAT");
    const std::size_t data =
        static_cast<std::size_t>(std::ranges::search(file, name).begin() - file.begin()) + 4;
    const std::span payload = std::span(file).subspan(data, file.size() - data - 4 - 12);
    Bytes split(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(data) - 8);
    for (std::size_t i = 0; i < payload.size(); i += 7) {
        const Bytes chunk =
            test::png_chunk("IDAT", payload.subspan(i, std::min<std::size_t>(7, payload.size() - i)));
        split.insert(split.end(), chunk.begin(), chunk.end());
    }
    split.insert(split.end(), file.end() - 12, file.end());
    const auto one = read(file, whole(20, 20));
    const auto many = read(split, whole(20, 20));
    ASSERT_TRUE(one && many);
    EXPECT_EQ(one->front().samples, many->front().samples);
}

TEST_F(PngSource, LeavesOtherKindsToOthers) {
    const Bytes file = random_png(kinds[1], 20, 20, "\1"sv);
    ASSERT_TRUE(read(file, whole(20, 20)));
    Bytes interlaced = file;
    interlaced[28] = std::byte{1};
    EXPECT_FALSE(read(interlaced, whole(20, 20)));
    const Bytes deep(20 * (1 + 20 * 6));
    EXPECT_FALSE(read(test::png_of(20, 20, 16, 2, deep), whole(20, 20)));
    const std::array colour_key{test::png_chunk("tRNS", test::bytes_of("\0\1\0\2\0\3"sv))};
    EXPECT_FALSE(read(test::png_of(2, 1, 8, 2, Bytes(7), colour_key), whole(2, 1)));
    EXPECT_FALSE(read(test::png_of(2, 1, 8, 3, Bytes(3)), whole(2, 1))) << "no palette";
    const std::array numbers{test::png_chunk("cICP", test::bytes_of("\1\x0d\0\1"sv))};
    EXPECT_FALSE(read(test::png_of(2, 1, 8, 2, Bytes(7), numbers), whole(2, 1)));
    EXPECT_FALSE(read(test::png_of(16'000, 16'000, 8, 2, Bytes(3)), whole(2, 1))) << "too large";
}

TEST_F(PngSource, LeavesWhatIsDamagedToOthers) {
    EXPECT_FALSE(read(random_png(kinds[1], 20, 20, "\5"sv), whole(20, 20))) << "no such filter";
    EXPECT_FALSE(read(test::png_of(2, 2, 8, 0, Bytes(5)), whole(2, 2))) << "too little";
    EXPECT_FALSE(read(test::png_of(2, 2, 8, 0, Bytes(7)), whole(2, 2))) << "too much";
    Bytes broken = random_png(kinds[1], 20, 20, "\1"sv);
    broken[broken.size() - 12 - 4 - 2] ^= std::byte{1};  // of the stream's own checksum
    EXPECT_FALSE(read(broken, whole(20, 20)));
    for (std::size_t size = 0; size < broken.size(); ++size)
        EXPECT_FALSE(
            read(Bytes(broken.begin(), broken.begin() + static_cast<std::ptrdiff_t>(size)), whole(20, 20)));
}

TEST_F(PngSource, LeavesUnsoundPalettesToOthers) {
    const auto reads = [](const std::vector<Bytes>& chunks, std::string_view row) {
        return read(test::png_of(2, 1, 8, 3, test::bytes_of(row), chunks), whole(2, 1)).has_value();
    };
    const Bytes two = test::png_chunk("PLTE", test::bytes_of("abcdef"sv));
    const Bytes clear = test::png_chunk("tRNS", test::bytes_of("\0\xff"sv));
    EXPECT_TRUE(reads({two, clear}, "\0\0\1"sv));
    EXPECT_FALSE(reads({two}, "\0\0\2"sv)) << "an index beyond it";
    EXPECT_FALSE(reads({two, two}, "\0\0\1"sv));
    EXPECT_FALSE(reads({clear, two}, "\0\0\1"sv));
    EXPECT_FALSE(reads({two, clear, clear}, "\0\0\1"sv));
    for (const std::size_t bytes : {0U, 5U, 257U * 3})
        EXPECT_FALSE(reads({test::png_chunk("PLTE", Bytes(bytes))}, "\0\0\0"sv)) << bytes;
    for (const std::size_t bytes : {0U, 3U})
        EXPECT_FALSE(reads({two, test::png_chunk("tRNS", Bytes(bytes))}, "\0\0\1"sv)) << bytes;
    Bytes damaged = clear;
    damaged.back() ^= std::byte{1};
    EXPECT_FALSE(reads({two, damaged}, "\0\0\1"sv)) << "its checksum";
}

TEST_F(PngSource, TakesPlainColoursAlone) {
    const Bytes wide = attach(save_picture(test::sample_pixels(20, 10, 3), Format::png, {}, {}).value(),
                              Format::png, {.exif = {}, .icc = display_p3_profile()})
                           .value();
    EXPECT_FALSE(read(wide, whole(20, 10)));
    const auto kept = read(wide, whole(20, 10), Icc::keep);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->front().gamut, Gamut::display_p3);
}

TEST_F(PngSource, StopsWhenItIsCalledOff) {
    const Bytes file = random_png(kinds[1], 20, 200, "\1"sv);
    const Plan plan = whole(20, 200);
    int asked = 0;
    const auto result = read_plain_png(file, std::span(&plan, 1), Icc::srgb, [&] { return ++asked > 3; });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_EQ(asked, 4);
}

}  // namespace
}  // namespace safelight
