// A number with at most two decimals, kept exactly: equal numbers have equal text, which floating point does
// not promise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace safelight {

struct Hundredths {
    std::uint32_t count = 0;

    [[nodiscard]] constexpr double value() const { return count / 100.0; }
    bool operator==(const Hundredths&) const = default;
    auto operator<=>(const Hundredths&) const = default;
};

/// "1", "1.5", "0.25": no zeros at the end.
[[nodiscard]] std::string text_of(Hundredths number);

/// The number when it is not negative, below 10 000 and has at most two decimals.
[[nodiscard]] std::optional<Hundredths> hundredths_of(double number);

}  // namespace safelight
