#include "base/clock.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

using std::chrono::milliseconds;

TEST(Rfc3339, WritesUtcWithMilliseconds) {
    EXPECT_EQ(to_rfc3339(Timestamp{milliseconds{0}}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_rfc3339(Timestamp{milliseconds{1795464480123}}), "2026-11-23T20:08:00.123Z");
}

TEST(Rfc3339, ReadsWhatItWrites) {
    const Timestamp time{milliseconds{1795464480123}};
    EXPECT_EQ(parse_rfc3339(to_rfc3339(time)), time);
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
    const auto expected = parse_rfc3339("2026-11-23T20:08:00.500Z");
    ASSERT_TRUE(expected);
    EXPECT_EQ(parse_rfc3339("2026-11-23T21:08:00.5+01:00"), expected);
    EXPECT_EQ(parse_rfc3339("2026-11-23T18:38:00.5009-01:30"), expected);
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
    for (const auto* text :
         {"", "2026-11-23", "2026-11-23T20:08:00", "2026-13-23T20:08:00Z", "2026-02-30T20:08:00Z",
          "2026-11-23T24:00:00Z", "2026-11-23T20:61:00Z", "2026-11-23T20:08:00.Z", "2026-11-23T20:08:00Zx",
          "2026-11-23 20:08:00Z", "2026-11-23T20:08:00+25:00"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(HttpDate, RoundTrip) {
    const Timestamp time{milliseconds{1795464480000}};
    EXPECT_EQ(to_http_date(time), "Mon, 23 Nov 2026 20:08:00 GMT");
    EXPECT_EQ(parse_http_date(to_http_date(time)), time);
}

TEST(HttpDate, RefusesOtherForms) {
    EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
    EXPECT_FALSE(parse_http_date("Sun Nov  6 08:49:37 1994"));
    EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37 CET"));
    EXPECT_FALSE(parse_http_date(""));
}

TEST(ManualClock, MovesOnlyWhenTold) {
    ManualClock clock(Timestamp{milliseconds{1000}});
    EXPECT_EQ(clock.now(), Timestamp{milliseconds{1000}});
    clock.advance(milliseconds{500});
    EXPECT_EQ(clock.now(), Timestamp{milliseconds{1500}});
}

}  // namespace
}  // namespace safelight
