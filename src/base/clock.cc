#include "base/clock.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>

namespace safelight {
namespace {

using std::chrono::days;
using std::chrono::duration_cast;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> weekday_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads exactly `count` digits at the front of `text` and moves past them.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

std::optional<Timestamp> compose(int year, int month, int day, int hour, int minute, int second) {
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return Timestamp{std::chrono::sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
}

}  // namespace

Timestamp SystemClock::now() const {
    return floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Timestamp time) {
    const auto day = floor<days>(time);
    const std::chrono::year_month_day date{day};
    const auto rest = time - day;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       duration_cast<hours>(rest).count(), duration_cast<minutes>(rest % hours{1}).count(),
                       duration_cast<seconds>(rest % minutes{1}).count(), (rest % seconds{1}).count());
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, "-")) return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take(text, "-")) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day || !(take(text, "T") || take(text, "t"))) return std::nullopt;
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ":")) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || !take(text, ":")) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second) return std::nullopt;

    int millis = 0;
    if (take(text, ".")) {
        int scale = 100;
        std::size_t digits = 0;
        while (auto digit = take_digits(text, 1)) {
            millis += *digit * scale;
            scale /= 10;
            ++digits;
        }
        if (digits == 0) return std::nullopt;
    }

    minutes offset{0};
    if (!take(text, "Z") && !take(text, "z")) {
        const bool east = take(text, "+");
        if (!east && !take(text, "-")) return std::nullopt;
        const auto offset_hours = take_digits(text, 2);
        if (!offset_hours || !take(text, ":")) return std::nullopt;
        const auto offset_minutes = take_digits(text, 2);
        if (!offset_minutes || *offset_hours > 23 || *offset_minutes > 59) return std::nullopt;
        offset = hours{*offset_hours} + minutes{*offset_minutes};
        if (!east) offset = -offset;
    }
    if (!text.empty()) return std::nullopt;
    const auto whole = compose(*year, *month, *day, *hour, *minute, *second);
    if (!whole) return std::nullopt;
    return *whole + std::chrono::milliseconds{millis} - offset;
}

std::string to_http_date(Timestamp time) {
    const auto day = floor<days>(time);
    const std::chrono::year_month_day date{day};
    const auto rest = floor<seconds>(time) - day;
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekday_names[std::chrono::weekday{day}.c_encoding()],
        static_cast<unsigned>(date.day()), month_names[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()), duration_cast<hours>(rest).count(),
        duration_cast<minutes>(rest % hours{1}).count(), (rest % minutes{1}).count());
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
    const auto comma = text.find(", ");
    if (comma != 3) return std::nullopt;
    text.remove_prefix(5);
    const auto day = take_digits(text, 2);
    if (!day || !take(text, " ")) return std::nullopt;
    int month = 0;
    for (std::size_t i = 0; i < month_names.size(); ++i) {
        if (take(text, month_names[i])) month = static_cast<int>(i) + 1;
    }
    if (month == 0 || !take(text, " ")) return std::nullopt;
    const auto year = take_digits(text, 4);
    if (!year || !take(text, " ")) return std::nullopt;
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ":")) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || !take(text, ":")) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || text != " GMT") return std::nullopt;
    return compose(*year, month, *day, *hour, *minute, *second);
}

}  // namespace safelight
