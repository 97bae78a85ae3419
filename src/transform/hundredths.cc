#include "transform/hundredths.h"

#include <fmt/format.h>

#include <cmath>

namespace safelight {

std::string text_of(Hundredths number) {
    const std::uint32_t whole = number.count / 100;
    const std::uint32_t rest = number.count % 100;
    if (rest == 0) return fmt::format("{}", whole);
    if (rest % 10 == 0) return fmt::format("{}.{}", whole, rest / 10);
    return fmt::format("{}.{:02}", whole, rest);
}

std::optional<Hundredths> hundredths_of(double number) {
    constexpr double end = 10'000;
    if (!(number >= 0 && number < end)) return std::nullopt;
    const double count = std::round(number * 100);
    // The nearest double of a decimal such as 1.15 is off by far less than this.
    constexpr double slack = 1e-6;
    if (std::abs(number * 100 - count) > slack) return std::nullopt;
    return Hundredths{static_cast<std::uint32_t>(count)};
}

}  // namespace safelight
