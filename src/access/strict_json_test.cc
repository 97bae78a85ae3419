#include "access/strict_json.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

TEST(StrictJson, TakesObjects) {
    const auto object = parse_strict_object(R"({"a": 1, "b": {"a": [1, {"a": "x"}]}})");
    ASSERT_TRUE(object);
    EXPECT_EQ(object->at("a"), 1);
    EXPECT_TRUE(parse_strict_object("{}"));
}

TEST(StrictJson, RefusesAMemberThatIsThereTwice) {
    for (const char* text :
         {R"({"sub": "a", "sub": "b"})", R"({"sub": "a", "x": 1, "sub": "a"})", R"({"a": {"b": 1, "b": 2}})",
          R"({"a": [{"b": 1, "b": 2}]})", R"({"sub": "a", "s\u0075b": "b"})"}) {
        EXPECT_FALSE(parse_strict_object(text)) << text;
    }
}

TEST(StrictJson, RefusesWhatIsNoObject) {
    for (const char* text : {"", "[]", "1", "\"a\"", "null", "{", "{} {}", "{}x", "{\"a\": 1,}", "{'a': 1}",
                             "{\"a\": NaN}", "// c\n{}", "\xEF\xBB\xBF{}", "{\"a\": \"\xff\"}"}) {
        EXPECT_FALSE(parse_strict_object(text)) << text;
    }
}

TEST(StrictJson, RefusesWhatIsTooDeep) {
    const auto nested = [](int depth) {
        return "{\"a\": " + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    EXPECT_TRUE(parse_strict_object(nested(8)));
    EXPECT_FALSE(parse_strict_object(nested(9)));
    EXPECT_FALSE(parse_strict_object(nested(4'000)));
}

}  // namespace
}  // namespace safelight
