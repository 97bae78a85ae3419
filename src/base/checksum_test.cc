#include "base/checksum.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace safelight {
namespace {

std::string hex_of(std::string_view algorithm, std::string_view text) {
    ChecksumHasher hasher(checksum_algorithm_from_name(algorithm).value());
    const auto bytes = std::as_bytes(std::span(text));
    hasher.update(bytes.first(bytes.size() / 2));
    hasher.update(bytes.subspan(bytes.size() / 2));
    return hex_encode(hasher.finish().value);
}

TEST(ChecksumTest, AgreesWithPublishedValues) {
    // RFC 1321 A.5, FIPS 180-2 A.1 and B.1.
    EXPECT_EQ(hex_of("md5", "abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex_of("sha1", "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex_of("sha256", "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ChecksumTest, KnowsItsAlgorithms) {
    EXPECT_EQ(size_of(ChecksumAlgorithm::md5), 16U);
    EXPECT_EQ(size_of(ChecksumAlgorithm::sha1), 20U);
    EXPECT_EQ(size_of(ChecksumAlgorithm::sha256), 32U);
    for (const char* other : {"", "SHA1", "sha-1", "crc32", "sha512"})
        EXPECT_FALSE(checksum_algorithm_from_name(other)) << other;
}

}  // namespace
}  // namespace safelight
