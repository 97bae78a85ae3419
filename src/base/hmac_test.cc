#include "base/hmac.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

// RFC 4231, test cases 2 and 6.
TEST(Hmac, IsThatOfTheStandard) {
    EXPECT_EQ(hmac_sha256(bytes_of("Jefe"), "what do ya want for nothing?").to_hex(),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const std::string long_key(131, '\xaa');
    EXPECT_EQ(
        hmac_sha256(bytes_of(long_key), "Test Using Larger Than Block-Size Key - Hash Key First").to_hex(),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, CodesAreComparedWhole) {
    EXPECT_TRUE(equal_in_constant_time(bytes_of("code"), bytes_of("code")));
    EXPECT_TRUE(equal_in_constant_time({}, {}));
    for (const char* other : {"Code", "codE", "cod", "code ", ""})
        EXPECT_FALSE(equal_in_constant_time(bytes_of("code"), bytes_of(other))) << other;
}

}  // namespace
}  // namespace safelight
