#include "catalog/accounts.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

TEST(Scopes, AreWrittenInOneOrderAndReadInAny) {
    const auto scopes = Scopes::from_text("admin  images:read");
    ASSERT_TRUE(scopes);
    EXPECT_EQ(scopes->to_text(), "images:read admin");
    EXPECT_TRUE(scopes->has(Scope::admin));
    EXPECT_FALSE(scopes->has(Scope::images_write));
    EXPECT_EQ(*scopes, (Scopes{Scope::images_read, Scope::admin}));
}

TEST(Scopes, UnknownNamesAndNoneAreRefused) {
    for (const char* text :
         {"", " ", "images", "images:read,images:write", "Admin", "images:read everything"})
        EXPECT_EQ(Scopes::from_text(text), std::nullopt) << text;
}

TEST(ApiKey, IsValidUntilItExpiresOrIsRevoked) {
    const Timestamp now{Milliseconds{1'000}};
    ApiKey key;
    EXPECT_TRUE(is_valid(key, now));
    key.expires_at = now + Milliseconds{1};
    EXPECT_TRUE(is_valid(key, now));
    EXPECT_FALSE(is_valid(key, now + Milliseconds{1}));
    key.expires_at.reset();
    key.revoked_at = now + Milliseconds{60'000};
    EXPECT_FALSE(is_valid(key, now)) << "the clock of whoever revoked it may be ahead";
}

TEST(AccountName, IsShortTextWithoutControlCharacters) {
    EXPECT_TRUE(check_account_name("Zoë's phone – 2 €", "/name"));
    EXPECT_TRUE(check_account_name(std::string(128, 'a'), "/name"));
    using namespace std::string_literals;
    for (const std::string& name : {""s, std::string(129, 'a'), "a\nb"s, "a\0b"s, "\x7f"s, "\xff"s,
                                    "a\u0085b"s, "a\u202eb"s, "a\u2067b"s}) {
        const auto status = check_account_name(name, "/name");
        ASSERT_FALSE(status) << name;
        EXPECT_EQ(status.error().faults.front().pointer, "/name");
    }
}

}  // namespace
}  // namespace safelight
