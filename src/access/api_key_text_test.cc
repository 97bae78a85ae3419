#include "access/api_key_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace safelight {
namespace {

TEST(ApiKeyText, IsMadeOfLettersAndDigitsBehindAPrefix) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const NewApiKeyText key = make_api_key_text();
        EXPECT_TRUE(seen.insert(key.text).second);
        EXPECT_EQ(key.text.size(), 54U);
        EXPECT_TRUE(looks_like_api_key(key.text));
        EXPECT_TRUE(std::ranges::all_of(key.text.substr(8), [](unsigned char c) { return std::isalnum(c); }));
        EXPECT_EQ(hash_of_api_key(key.text), key.hash);
    }
}

TEST(ApiKeyText, OneWrongLetterIsNoticed) {
    const std::string good = make_api_key_text().text;
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = bad[i] == 'x' ? 'y' : 'x';
        EXPECT_EQ(hash_of_api_key(bad), std::nullopt) << i;
    }
    EXPECT_EQ(hash_of_api_key(good + "0"), std::nullopt);
    EXPECT_EQ(hash_of_api_key(good.substr(0, 53)), std::nullopt);
    EXPECT_EQ(hash_of_api_key(""), std::nullopt);
}

TEST(ApiKeyText, EveryDigitOccursAboutAsOften) {
    std::map<char, int> counts;
    for (int i = 0; i < 500; ++i) {
        for (const char digit : make_api_key_text().text.substr(8, 40)) ++counts[digit];
    }
    EXPECT_EQ(counts.size(), 62U);
    // 20,000 digits: 323 of each, give or take 18; six times that is no accident.
    for (const auto& [digit, count] : counts) EXPECT_NEAR(count, 323, 108) << digit;
}

}  // namespace
}  // namespace safelight
