#include "transform/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace safelight {
namespace json = boost::json;

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
    std::optional<Hundredths> number;
    if (const double* real = value->if_double()) {
        number = hundredths_of(*real);
    } else if (const std::int64_t* whole = value->if_int64()) {
        number = hundredths_of(static_cast<double>(*whole));
    }
    if (!number || *number < min || *number > max) {
        fault(name, fmt::format("\"{}\" is a number from {} to {} with at most two decimals.", name,
                                text_of(min), text_of(max)));
        return std::nullopt;
    }
    return number;
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
