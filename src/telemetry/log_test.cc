#include "telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "base/text.h"
#include "telemetry/log_line.h"

namespace safelight::telemetry {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Timestamp time_of_test = *parse_rfc3339("2026-11-23T20:08:00.123Z");

std::string text_line(std::initializer_list<Field> fields, Level level = Level::info, bool colour = false) {
    return to_text_line({time_of_test, level, "request", {fields.begin(), fields.size()}}, colour);
}

std::string json_line(std::initializer_list<Field> fields, Level level = Level::info) {
    return to_json_line({time_of_test, level, "request", {fields.begin(), fields.size()}});
}

/// How one value looks in a line.
std::string text_value(std::string_view value) {
    const std::string line = text_line({{"v", value}});
    return line.substr(line.find(" v=") + 3);
}
std::string json_value(std::string_view value) {
    const std::string line = json_line({{"v", value}});
    const auto from = line.find("\"v\":") + 4;
    return line.substr(from, line.size() - from - 1);
}

TEST(TextLine, HasTimeLevelEventAndFields) {
    EXPECT_EQ(text_line({{"method", "GET"}, {"status", 200}, {"cached", false}, {"seconds", 0.25}}),
              "2026-11-23T20:08:00.123Z info  request method=GET status=200 cached=false seconds=0.25");
    EXPECT_EQ(text_line({}, Level::error), "2026-11-23T20:08:00.123Z error request");
}

TEST(TextLine, ColourIsOnTheLevelAlone) {
    EXPECT_EQ(text_line({{"a", 1}}, Level::warn, true),
              "2026-11-23T20:08:00.123Z \x1b[33mwarn\x1b[0m  request a=1");
    EXPECT_THAT(text_line({{"a", 1}}, Level::warn, false), Not(HasSubstr("\x1b")));
}

TEST(TextLine, ValuesAreQuotedWhenTheyHaveTo) {
    EXPECT_EQ(text_value("image/jpeg"), "image/jpeg");
    EXPECT_EQ(text_value(""), R"("")");
    EXPECT_EQ(text_value("two words"), R"("two words")");
    EXPECT_EQ(text_value("a=b"), R"("a=b")");
    EXPECT_EQ(text_value(R"(C:\x "y")"), R"("C:\\x \"y\"")");
    EXPECT_EQ(text_value("Käse 猫 🐈"), "\"Käse 猫 🐈\"");
}

TEST(TextLine, AValueCannotForgeALineOrSteerATerminal) {
    EXPECT_EQ(text_value("a\n2026 error forged"), R"("a\n2026 error forged")");
    EXPECT_EQ(text_value("\x1b[2J\r\x7f"), R"("\u001b[2J\u000d\u007f")");
    EXPECT_EQ(text_value(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(text_value("\u009b31m"), R"("\u009b31m")") << "the eight-bit form of an escape sequence";
    EXPECT_EQ(text_value("gpj.\u202Etac"), R"("gpj.\u202etac")") << "turns the direction of reading";
    EXPECT_EQ(text_value("a\u2028b"), R"("a\u2028b")");
}

TEST(TextLine, NamesAreEscapedAsWell) {
    EXPECT_EQ(to_text_line({time_of_test, Level::info, "an event\n", {}}, false),
              R"(2026-11-23T20:08:00.123Z info  "an event\n")");
    EXPECT_THAT(text_line({{"a b", 1}}), EndsWith(R"("a b"=1)"));
}

TEST(JsonLine, IsOneObject) {
    EXPECT_EQ(
        json_line({{"method", "GET"}, {"status", 200}, {"cached", true}, {"seconds", 0.25}, {"delta", -3}}),
        R"({"time":"2026-11-23T20:08:00.123Z","level":"info","event":"request",)"
        R"("method":"GET","status":200,"cached":true,"seconds":0.25,"delta":-3})");
    EXPECT_THAT(json_line({}, Level::debug), HasSubstr(R"("level":"debug")"));
}

TEST(JsonLine, IntegersKeepAllTheirDigits) {
    EXPECT_THAT(json_line({{"v", std::numeric_limits<std::uint64_t>::max()}}),
                EndsWith(":18446744073709551615}"));
    EXPECT_THAT(json_line({{"v", std::numeric_limits<std::int64_t>::min()}}),
                EndsWith(":-9223372036854775808}"));
}

TEST(JsonLine, WhatIsNoJsonNumberIsAString) {
    EXPECT_THAT(json_line({{"v", std::numeric_limits<double>::infinity()}}), EndsWith(R"(:"inf"})"));
    EXPECT_THAT(json_line({{"v", std::numeric_limits<double>::quiet_NaN()}}), EndsWith(R"(:"nan"})"));
}

TEST(JsonLine, HostileTextStaysInItsString) {
    EXPECT_EQ(json_value(R"(","level":"error)"), R"("\",\"level\":\"error")");
    EXPECT_EQ(json_value("\\"), R"("\\")");
    EXPECT_EQ(json_value("a\nb\tc\x01"), R"("a\nb\u0009c\u0001")");
    EXPECT_EQ(json_value("Käse 🐈"), "\"Käse 🐈\"");
}

TEST(JsonLine, InvalidUtf8IsReplaced) {
    EXPECT_EQ(json_value("a\xff\xc0\x80z"), "\"a\uFFFD\uFFFD\uFFFDz\"");
    EXPECT_EQ(json_value("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"") << "half of a surrogate pair";
    EXPECT_EQ(json_value("cut \xf0\x9f\x90"), "\"cut \uFFFD\uFFFD\uFFFD\"");
}

TEST(LogLine, LongValuesAreCutBetweenCharacters) {
    for (std::size_t shift = 0; shift < 4; ++shift) {
        std::string value(shift, 'x');
        while (value.size() < value_bytes_max * 2) value += "🐈";
        for (const std::string& shown : {text_value(value), json_value(value)}) {
            EXPECT_TRUE(is_utf8(shown));
            EXPECT_LE(shown.size(), value_bytes_max + 5);
            EXPECT_THAT(shown, EndsWith("🐈…\""));
        }
    }
    const std::string longest(value_bytes_max, 'x');
    EXPECT_EQ(text_value(longest), longest);
}

class StderrLoggerTest : public testing::Test {
  protected:
    static std::vector<std::string> lines_of(const std::function<void()>& work) {
        testing::internal::CaptureStderr();
        work();
        std::istringstream written(testing::internal::GetCapturedStderr());
        std::vector<std::string> lines;
        for (std::string line; std::getline(written, line);) lines.push_back(line);
        return lines;
    }
};

TEST_F(StderrLoggerTest, WritesWhatIsOfItsLevelOrAbove) {
    const auto lines = lines_of([] {
        const auto log = make_stderr_logger(Level::warn, LogFormat::text);
        log->debug("one");
        log->info("two");
        log->warn("three", {{"a", 1}});
        log->error("four");
    });
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_THAT(lines[0], EndsWith(" warn  three a=1"));
    EXPECT_THAT(lines[1], EndsWith(" error four"));
    EXPECT_TRUE(parse_rfc3339(lines[0].substr(0, lines[0].find(' '))));
}

TEST_F(StderrLoggerTest, PercentSignsAndBracesMeanNothing) {
    const auto lines = lines_of(
        [] { make_stderr_logger(Level::info, LogFormat::json)->info("%v {} %n", {{"v", "{0} %s"}}); });
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_THAT(lines[0], EndsWith(R"("event":"%v {} %n","v":"{0} %s"})"));
}

TEST_F(StderrLoggerTest, LinesOfManyThreadsStayWhole) {
    constexpr int threads = 4;
    constexpr int lines_each = 200;
    const auto lines = lines_of([] {
        const auto log = make_stderr_logger(Level::info, LogFormat::json);
        std::vector<std::jthread> writers;
        for (int i = 0; i < threads; ++i) {
            writers.emplace_back([&log] {
                for (int j = 0; j < lines_each; ++j) log->info("line", {{"filler", std::string(300, 'x')}});
            });
        }
    });
    ASSERT_EQ(lines.size(), static_cast<std::size_t>(threads * lines_each));
    for (const std::string& line : lines) {
        EXPECT_THAT(line, StartsWith("{\"time\":\""));
        EXPECT_THAT(line, EndsWith("xxx\"}"));
        EXPECT_EQ(line.size(), lines.front().size());
    }
}

TEST_F(StderrLoggerTest, TheSilentLoggerIsSilent) {
    EXPECT_TRUE(lines_of([] { make_silent_logger()->error("nothing"); }).empty());
}

}  // namespace
}  // namespace safelight::telemetry
