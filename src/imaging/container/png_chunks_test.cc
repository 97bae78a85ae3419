#include "imaging/container/png_chunks.h"

#include <gtest/gtest.h>

#include "imaging/container/container.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

TEST(InflateBounded, StopsAtItsBound) {
    const Bytes packed = test::deflated(Bytes(10000, std::byte{7}));
    EXPECT_EQ(inflate_bounded(ByteView(packed), 10000), Bytes(10000, std::byte{7}));
    EXPECT_FALSE(inflate_bounded(ByteView(packed), 9999));
    EXPECT_FALSE(inflate_bounded(ByteView(std::span(packed).first(packed.size() - 1)), 10000));
    EXPECT_FALSE(inflate_bounded(ByteView(test::bytes_of("no zlib")), 10000));
    EXPECT_FALSE(inflate_bounded(ByteView(), 10));
}

TEST(WithoutPngMetadata, KeepsWhatPixelsNeed) {
    const Bytes row(9, std::byte{0});
    const std::array chunks{
        test::png_chunk("gAMA", test::bytes_of("1234")), test::png_chunk("tEXt", test::bytes_of("Comment")),
        test::png_chunk("eXIf", test::bytes_of("MM")), test::png_chunk("acTL", test::bytes_of("12345678"))};
    Bytes file = test::png_of(8, 1, 8, 0, row, chunks);
    const Bytes tail = test::bytes_of("PK a second file");
    file.insert(file.end(), tail.begin(), tail.end());
    const Bytes clean = without_png_metadata(file);
    EXPECT_EQ(clean, test::png_of(8, 1, 8, 0, row, std::span(chunks).first(1)));
}

TEST(WithoutPngMetadata, DropsAProfileThatExplodes) {
    const Bytes row(9, std::byte{0});
    const auto profile_of = [](std::size_t bytes) {
        Bytes payload = test::bytes_of("name");
        payload.insert(payload.end(), 2, std::byte{0});
        const Bytes packed = test::deflated(Bytes(bytes));
        payload.insert(payload.end(), packed.begin(), packed.end());
        return test::png_chunk("iCCP", payload);
    };
    const Bytes sane = profile_of(5000);
    const Bytes explodes = profile_of(png_metadata_bytes_max + 1);
    EXPECT_TRUE(
        test::contains(without_png_metadata(test::png_of(8, 1, 8, 0, row, std::span(&sane, 1))), "iCCP"));
    EXPECT_FALSE(
        test::contains(without_png_metadata(test::png_of(8, 1, 8, 0, row, std::span(&explodes, 1))), "iCCP"));
}

}  // namespace
}  // namespace safelight
