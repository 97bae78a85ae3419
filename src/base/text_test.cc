#include "base/text.h"

#include <gtest/gtest.h>

#include "base/sha256.h"

namespace safelight {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(const std::optional<std::vector<std::byte>>& bytes) {
    if (!bytes) return "(none)";
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

TEST(Base64, TestVectorsOfRfc4648) {
    const std::pair<std::string_view, std::string_view> vectors[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(base64_encode(bytes_of(plain)), encoded);
        EXPECT_EQ(text_of(base64_decode(encoded)), plain);
    }
}

TEST(Base64, RefusesMalformedText) {
    for (const auto* text : {"Zg", "Zg=", "Z===", "Zm9v!", "Zh==", "Zg==Zg=="}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
}

TEST(Base64Url, HasNoPadding) {
    EXPECT_EQ(base64url_encode(bytes_of("\xfb\xff")), "-_8");
    EXPECT_EQ(text_of(base64url_decode("-_8")), "\xfb\xff");
    EXPECT_FALSE(base64url_decode("+/8"));
}

TEST(Hex, RoundTripAndRefusal) {
    EXPECT_EQ(hex_encode(bytes_of("\x01\xab")), "01ab");
    EXPECT_EQ(text_of(hex_decode("01AB")), "\x01\xab");
    EXPECT_FALSE(hex_decode("1"));
    EXPECT_FALSE(hex_decode("zz"));
}

TEST(Utf8, TellsWellFormedText) {
    EXPECT_TRUE(is_utf8("Kätzchen 🐈"));
    for (const auto* text : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"}) {
        EXPECT_FALSE(is_utf8(text));
    }
    EXPECT_EQ(to_valid_utf8("a\xff\x62"), "a\xef\xbf\xbd\x62");
    EXPECT_EQ(to_valid_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Trim, TakesBlanksOffBothEnds) {
    EXPECT_EQ(trim(" \t a b \r\n"), "a b");
    EXPECT_EQ(trim("  "), "");
}

TEST(Sha256, TestVectorsOfFips180) {
    EXPECT_EQ(sha256_of(bytes_of("abc")).to_hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Sha256Hasher hasher;
    hasher.update(bytes_of("a"));
    hasher.update(bytes_of(""));
    hasher.update(bytes_of("bc"));
    EXPECT_EQ(hasher.finish(), sha256_of(bytes_of("abc")));
}

TEST(Sha256, HexRoundTrip) {
    const auto hash = sha256_of(bytes_of("abc"));
    EXPECT_EQ(Sha256::from_hex(hash.to_hex()), hash);
    EXPECT_FALSE(Sha256::from_hex("abcd"));
}

}  // namespace
}  // namespace safelight
