// The kinds of settings: how a value of each is read, checked and shown.
//
// Each builder makes one row; `field` picks the member of a Config that the row sets.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/settings.h"
#include "base/text.h"
#include "base/units.h"

namespace safelight::app {

template <class Field>
using Value = std::remove_cvref_t<std::invoke_result_t<Field, Config&>>;

/// `parse` gives the value of a text, or nothing; `show` the text of a value.
template <class Field, class Parse, class Show>
Setting parsed(std::string section, std::string variable, std::string help, std::string accepts, Field field,
               Parse parse, Show show) {
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = std::move(accepts),
        .set =
            [=](Config& config, std::string_view text) {
                const auto value = parse(text);
                if (!value) return false;
                field(config) = static_cast<Value<Field>>(*value);
                return true;
            },
        .get = [=](const Config& config) -> std::string { return show(field(config)); },
    };
}

/// The same, and "auto" for an empty value.
template <class Field, class Parse, class Show>
Setting parsed_or_auto(std::string section, std::string variable, std::string help, std::string accepts,
                       Field field, Parse parse, Show show) {
    return parsed(
        std::move(section), std::move(variable), std::move(help), "auto, or " + accepts, field,
        [=](std::string_view text) {
            std::optional<Value<Field>> value;
            if (text == "auto") {
                value.emplace();
            } else if (const auto read = parse(text)) {
                value.emplace(static_cast<Value<Field>::value_type>(*read));
            }
            return value;
        },
        [=](const Value<Field>& value) { return value ? show(*value) : std::string("auto"); });
}

/// Of a parser, what lies between the two.
template <class Parse, class Number>
auto within(Parse parse, Number min, Number max) {
    return [=](std::string_view text) {
        const auto value = parse(text);
        return value && *value >= min && *value <= max ? value : std::nullopt;
    };
}

inline std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}
inline std::string show_number(std::uint64_t value) {
    return std::to_string(value);
}
inline std::string number_range(std::uint64_t min, std::uint64_t max) {
    return fmt::format("a whole number from {} to {}", min, max);
}
inline std::string bytes_range(std::uint64_t min, std::uint64_t max) {
    return fmt::format("a size from {} to {}, in B, kB, MB, GB, KiB, MiB or GiB", format_bytes(min),
                       format_bytes(max));
}

template <class Field>
Setting number(std::string section, std::string variable, std::string help, Field field, std::uint64_t min,
               std::uint64_t max) {
    return parsed(std::move(section), std::move(variable), std::move(help), number_range(min, max), field,
                  within(parse_number, min, max), show_number);
}

/// A number that "auto" leaves to the number of processors.
template <class Field>
Setting number_or_auto(std::string section, std::string variable, std::string help, Field field,
                       std::uint64_t min, std::uint64_t max) {
    return parsed_or_auto(std::move(section), std::move(variable), std::move(help), number_range(min, max),
                          field, within(parse_number, min, max), show_number);
}

template <class Field>
Setting bytes(std::string section, std::string variable, std::string help, Field field, std::uint64_t min,
              std::uint64_t max) {
    return parsed(std::move(section), std::move(variable), std::move(help), bytes_range(min, max), field,
                  within(parse_bytes, min, max), format_bytes);
}

/// A size that "auto" leaves to the machine.
template <class Field>
Setting bytes_or_auto(std::string section, std::string variable, std::string help, Field field,
                      std::uint64_t min, std::uint64_t max) {
    return parsed_or_auto(std::move(section), std::move(variable), std::move(help), bytes_range(min, max),
                          field, within(parse_bytes, min, max), format_bytes);
}

template <class Field>
Setting duration(std::string section, std::string variable, std::string help, Field field, Milliseconds min,
                 Milliseconds max) {
    return parsed(
        std::move(section), std::move(variable), std::move(help),
        fmt::format("a time from {} to {}, in ms, s, m, h or d", format_duration(min), format_duration(max)),
        field, within(parse_duration, min, max), format_duration);
}

template <class Field>
Setting text(std::string section, std::string variable, std::string help, std::string accepts, Field field) {
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = std::move(accepts),
        .set =
            [=](Config& config, std::string_view value) {
                if (!is_utf8(value) || value.find('\0') != std::string_view::npos) return false;
                field(config) = std::string(value);
                return true;
            },
        .get =
            [=](const Config& config) {
                if constexpr (std::same_as<Value<Field>, std::filesystem::path>) {
                    return field(config).string();
                } else {
                    return field(config);
                }
            },
    };
}

/// Text that is shown nowhere.
template <class Field>
Setting secret(std::string section, std::string variable, std::string help, std::string accepts,
               Field field) {
    Setting setting =
        text(std::move(section), std::move(variable), std::move(help), std::move(accepts), field);
    setting.secret = true;
    return setting;
}

template <class Field>
Setting choice(std::string section, std::string variable, std::string help, Field field,
               std::vector<std::pair<std::string, Value<Field>>> choices) {
    std::string accepts = "one of:";
    for (const auto& [name, value] : choices) accepts += " " + name;
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = std::move(accepts),
        .set =
            [=](Config& config, std::string_view value) {
                for (const auto& [name, chosen] : choices) {
                    if (name != value) continue;
                    field(config) = chosen;
                    return true;
                }
                return false;
            },
        .get =
            [=](const Config& config) {
                for (const auto& [name, chosen] : choices) {
                    if (chosen == field(config)) return name;
                }
                return std::string();
            },
    };
}

}  // namespace safelight::app
