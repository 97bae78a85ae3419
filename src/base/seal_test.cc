#include "base/seal.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

const Sha256 key = sha256_of({});

TEST(Seal, OpensWithItsKey) {
    for (const std::string& text :
         {std::string(), std::string("a"), std::string(100'000, 'x'), std::string("\0\xff", 2)}) {
        const std::string sealed = seal(key, text);
        EXPECT_EQ(sealed.size(), text.size() + 28);
        EXPECT_EQ(unseal(key, sealed), text);
    }
    EXPECT_NE(seal(key, "a"), seal(key, "a"));
}

TEST(Seal, NoticesEveryChange) {
    const std::string sealed = seal(key, "text");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_EQ(unseal(key, changed), std::nullopt) << i;
    }
    EXPECT_EQ(unseal(key, sealed.substr(1)), std::nullopt);
    EXPECT_EQ(unseal(key, ""), std::nullopt);
    Sha256 other = key;
    other.bytes[0] ^= std::byte{1};
    EXPECT_EQ(unseal(other, sealed), std::nullopt);
}

}  // namespace
}  // namespace safelight
