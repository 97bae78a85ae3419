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

template <class Field>
Setting number(std::string section, std::string variable, std::string help, Field field, std::uint64_t min,
               std::uint64_t max) {
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = fmt::format("a whole number from {} to {}", min, max),
        .set =
            [=](Config& config, std::string_view text) {
                std::uint64_t value = 0;
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
                if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max)
                    return false;
                field(config) = static_cast<Value<Field>>(value);
                return true;
            },
        .get = [=](const Config& config) { return std::to_string(field(config)); },
    };
}

template <class Field>
Setting bytes(std::string section, std::string variable, std::string help, Field field, std::uint64_t min,
              std::uint64_t max) {
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = fmt::format("a size from {} to {}, in B, kB, MB, GB, KiB, MiB or GiB", format_bytes(min),
                               format_bytes(max)),
        .set =
            [=](Config& config, std::string_view text) {
                const auto value = parse_bytes(text);
                if (!value || *value < min || *value > max) return false;
                field(config) = static_cast<Value<Field>>(*value);
                return true;
            },
        .get = [=](const Config& config) { return format_bytes(field(config)); },
    };
}

template <class Field>
Setting duration(std::string section, std::string variable, std::string help, Field field, Milliseconds min,
                 Milliseconds max) {
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = fmt::format("a time from {} to {}, in ms, s, m, h or d", format_duration(min),
                               format_duration(max)),
        .set =
            [=](Config& config, std::string_view text) {
                const auto value = parse_duration(text);
                if (!value || *value < min || *value > max) return false;
                field(config) = *value;
                return true;
            },
        .get = [=](const Config& config) { return format_duration(field(config)); },
    };
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

/// A number that "auto" leaves to the number of processors.
template <class Field>
Setting number_or_auto(std::string section, std::string variable, std::string help, Field field,
                       std::uint32_t least, std::uint32_t most) {
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = fmt::format("auto, or a whole number from {} to {}", least, most),
        .set =
            [=](Config& config, std::string_view value) {
                std::optional<std::uint32_t> count;
                if (value != "auto") {
                    const auto [end, error] =
                        std::from_chars(value.data(), value.data() + value.size(), count.emplace());
                    if (error != std::errc{} || end != value.data() + value.size()) return false;
                    if (*count < least || *count > most) return false;
                }
                field(config) = count;
                return true;
            },
        .get = [=](const Config& config) { return field(config) ? std::to_string(*field(config)) : "auto"; },
    };
}

/// A size that "auto" leaves to the machine.
template <class Field>
Setting bytes_or_auto(std::string section, std::string variable, std::string help, Field field,
                      std::uint64_t min, std::uint64_t max) {
    return {
        .section = std::move(section),
        .variable = std::move(variable),
        .help = std::move(help),
        .accepts = fmt::format("auto, or a size from {} to {}, in B, kB, MB, GB, KiB, MiB or GiB",
                               format_bytes(min), format_bytes(max)),
        .set =
            [=](Config& config, std::string_view value) {
                const auto bytes = value == "auto" ? std::nullopt : parse_bytes(value);
                if (value != "auto" && (!bytes || *bytes < min || *bytes > max)) return false;
                field(config) = bytes;
                return true;
            },
        .get = [=](const Config& config) { return field(config) ? format_bytes(*field(config)) : "auto"; },
    };
}

}  // namespace safelight::app
