#include "api/tus.h"

#include <gtest/gtest.h>

namespace safelight::tus {
namespace {

TEST(TusTest, ReadsMetadata) {
    const auto metadata = parse_metadata("filename Y2F0LmpwZw==,is_public, empty ,note YSxi");
    ASSERT_TRUE(metadata);
    EXPECT_EQ(*metadata,
              (Metadata{{"filename", "cat.jpg"}, {"is_public", ""}, {"empty", ""}, {"note", "a,b"}}));
    EXPECT_TRUE(parse_metadata("").value().empty());
}

TEST(TusTest, RefusesMetadataThatIsNone) {
    for (const char* field : {",", "a YQ==,", "a YQ==,,b YQ==", "a !",
                              "a YQ==,a YQ==", "a YQ== YQ==", "\xc3\xa9 YQ==", "a\x7f YQ=="})
        EXPECT_FALSE(parse_metadata(field)) << field;
}

TEST(TusTest, ReadsChecksums) {
    const auto checksum = parse_checksum("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    ASSERT_TRUE(checksum);
    ChecksumHasher hasher(ChecksumAlgorithm::sha1);
    hasher.update(std::as_bytes(std::span("abc", 3)));
    EXPECT_EQ(*checksum, hasher.finish());
    for (const char* field : {"", "sha1", "sha1 ", "sha1 YQ==", "crc32 YQ==",
                              "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "md5 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="})
        EXPECT_FALSE(parse_checksum(field)) << field;
}

TEST(TusTest, ReadsNumbersOfBytes) {
    EXPECT_EQ(parse_bytes("0"), 0U);
    EXPECT_EQ(parse_bytes("18446744073709551615"), 18'446'744'073'709'551'615U);
    for (const char* field : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "1,1"})
        EXPECT_FALSE(parse_bytes(field)) << field;
}

}  // namespace
}  // namespace safelight::tus
