#include "base/units.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace safelight {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 7> byte_units{{{"GiB", GiB},
                                          {"GB", 1'000'000'000},
                                          {"MiB", MiB},
                                          {"MB", 1'000'000},
                                          {"KiB", KiB},
                                          {"kB", 1'000},
                                          {"B", 1}}};
constexpr std::array<Unit, 5> duration_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

struct Quantity {
    std::uint64_t number;
    std::string_view unit;
};

std::optional<Quantity> split(std::string_view text) {
    text = trim(text);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end == text.data()) return std::nullopt;
    return Quantity{number, trim(text.substr(static_cast<std::size_t>(end - text.data())))};
}

std::optional<std::uint64_t> multiply(std::uint64_t number, std::uint64_t factor) {
    if (number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
    return number * factor;
}

template <std::size_t N>
std::string format(std::uint64_t value, const std::array<Unit, N>& units) {
    for (const auto& unit : units) {
        if (value != 0 && value % unit.factor == 0) {
            return std::to_string(value / unit.factor) + " " + std::string(unit.name);
        }
    }
    return "0 " + std::string(units.back().name);
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    const auto quantity = split(text);
    if (!quantity) return std::nullopt;
    if (quantity->unit.empty()) return multiply(quantity->number, 1);
    for (const auto& unit : byte_units) {
        if (quantity->unit == unit.name) return multiply(quantity->number, unit.factor);
    }
    return std::nullopt;
}

std::string format_bytes(std::uint64_t bytes) {
    return format(bytes, byte_units);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto quantity = split(text);
    if (!quantity) return std::nullopt;
    for (const auto& unit : duration_units) {
        if (quantity->unit != unit.name) continue;
        if (const auto ms = multiply(quantity->number, unit.factor)) {
            return std::chrono::milliseconds{static_cast<std::int64_t>(*ms)};
        }
    }
    return std::nullopt;
}

std::string format_duration(std::chrono::milliseconds duration) {
    return format(static_cast<std::uint64_t>(duration.count()), duration_units);
}

}  // namespace safelight
