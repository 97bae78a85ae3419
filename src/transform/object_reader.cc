#include "transform/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace safelight {
namespace json = boost::json;

namespace {

std::optional<double> number_in(const json::value& value) {
    if (const double* real = value.if_double()) return *real;
    if (const std::int64_t* whole = value.if_int64()) return static_cast<double>(*whole);
    return std::nullopt;
}

}  // namespace

std::string escape_pointer(std::string_view name) {
    std::string escaped;
    for (const char c : name) {
        if (c == '~') {
            escaped += "~0";
        } else if (c == '/') {
            escaped += "~1";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

void ObjectReader::allow_only(std::initializer_list<std::string_view> names) {
    for (const auto& member : object_) {
        const std::string_view key = member.key();
        if (std::ranges::find(names, key) == names.end()) {
            fault(key, fmt::format("There is no member \"{}\" here; known are: {}.", key.substr(0, 64),
                                   fmt::join(names, ", ")));
        }
    }
}

std::optional<std::uint32_t> ObjectReader::whole_number(std::string_view name, std::uint32_t min,
                                                        std::uint32_t max) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    const std::int64_t* number = value->if_int64();
    if (number == nullptr || *number < min || *number > max) {
        fault(name, fmt::format("\"{}\" is a whole number from {} to {}.", name, min, max));
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*number);
}

std::optional<Hundredths> ObjectReader::decimal(std::string_view name, Hundredths min, Hundredths max) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    const std::optional<double> real = number_in(*value);
    const auto number = real ? hundredths_of(*real) : std::nullopt;
    if (!number || *number < min || *number > max) {
        fault(name, fmt::format("\"{}\" is a number from {} to {} with at most two decimals.", name,
                                text_of(min), text_of(max)));
        return std::nullopt;
    }
    return number;
}

std::optional<Hundredths> ObjectReader::angle(std::string_view name, Hundredths most, Hundredths full) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    const std::optional<double> degrees = number_in(*value);
    const auto size = degrees ? hundredths_of(std::abs(*degrees)) : std::nullopt;
    if (!size || *size > most) {
        fault(name, fmt::format("\"{}\" is a number from -{} to {} with at most two decimals.", name,
                                text_of(most), text_of(most)));
        return std::nullopt;
    }
    const std::uint32_t turned = size->count % full.count;
    return Hundredths{*degrees < 0 && turned != 0 ? full.count - turned : turned};
}

std::optional<bool> ObjectReader::boolean(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    const bool* flag = value->if_bool();
    if (flag == nullptr) {
        fault(name, fmt::format("\"{}\" is true or false.", name));
        return std::nullopt;
    }
    return *flag;
}

std::optional<std::string> ObjectReader::text(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    const json::string* string = value->if_string();
    if (string == nullptr) {
        fault(name, fmt::format("\"{}\" is a string.", name));
        return std::nullopt;
    }
    return std::string(*string);
}

std::optional<ObjectReader> ObjectReader::object(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    const json::object* object = value->if_object();
    if (object == nullptr) {
        fault(name, fmt::format("\"{}\" is an object.", name));
        return std::nullopt;
    }
    return ObjectReader(*object, fmt::format("{}/{}", pointer_, escape_pointer(name)), faults_);
}

void ObjectReader::fault(std::string_view name, std::string detail) {
    faults_.push_back({fmt::format("{}/{}", pointer_, escape_pointer(name)), std::move(detail)});
}

void ObjectReader::fault(std::string detail) {
    faults_.push_back({pointer_, std::move(detail)});
}

}  // namespace safelight
