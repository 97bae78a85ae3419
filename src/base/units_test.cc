#include "base/units.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace safelight {
namespace {

using std::chrono::milliseconds;

TEST(Bytes, ReadsWhatPeopleWrite) {
    EXPECT_EQ(parse_bytes("25 MB"), 25'000'000U);
    EXPECT_EQ(parse_bytes("16KiB"), 16'384U);
    EXPECT_EQ(parse_bytes("0"), 0U);
    EXPECT_EQ(parse_bytes(" 1 GiB "), GiB);
}

TEST(Bytes, RefusesTheRest) {
    for (const auto* text : {"", "MB", "-1", "1.5 MB", "1 mb", "99999999999999999999", "9999999999 GiB"}) {
        EXPECT_FALSE(parse_bytes(text)) << text;
    }
}

TEST(Bytes, WritesTheLargestUnitThatDivides) {
    EXPECT_EQ(format_bytes(26'214'400), "25 MiB");
    EXPECT_EQ(format_bytes(25'000'000), "25 MB");
    EXPECT_EQ(format_bytes(123), "123 B");
    EXPECT_EQ(format_bytes(0), "0 B");
}

TEST(Durations, RoundTrip) {
    for (const auto* text : {"1500 ms", "20 s", "5 m", "2 h", "7 d", "0 ms"}) {
        const auto duration = parse_duration(text);
        ASSERT_TRUE(duration) << text;
        EXPECT_EQ(format_duration(*duration), text);
    }
}

TEST(Durations, NeedAUnit) {
    for (const auto* text : {"", "20", "s", "-1 s", "1 week"}) EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(ErrorCodes, NamesRoundTrip) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        EXPECT_EQ(error_code_from_name(name_of(code)), code) << i;
    }
    EXPECT_EQ(error_code_from_name("from the future"), ErrorCode::internal);
}

}  // namespace
}  // namespace safelight
