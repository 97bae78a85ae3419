#include "api/focal_point.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "api/request_values.h"
#include "base/text.h"

namespace safelight {
namespace {

namespace json = boost::json;

constexpr bool is_share(double value) {
    return value >= 0 && value <= 1;  // false for what is no number
}

std::optional<double> parse_share(std::string_view text) {
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size() || !is_share(value)) return std::nullopt;
    return std::abs(value);  // −0 is 0
}

std::optional<FocalPoint> parse_pair(std::string_view text) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const auto x = parse_share(trim(text.substr(0, comma)));
    const auto y = parse_share(trim(text.substr(comma + 1)));
    if (!x || !y) return std::nullopt;
    return FocalPoint{*x, *y};
}

std::optional<double> share_of(const json::value* member) {
    if (member == nullptr || !member->is_number()) return std::nullopt;
    const auto value = member->to_number<double>();
    if (!is_share(value)) return std::nullopt;
    return std::abs(value);
}

std::string shown(std::string_view key) {
    return to_valid_utf8(key.substr(0, 64));
}

Result<FocalPoint> read_object(const json::object& object, std::string_view pointer) {
    std::vector<Fault> faults;
    for (const auto& member : object) {
        if (member.key() == "x" || member.key() == "y") continue;
        const std::string key = shown(member.key());
        faults.push_back({std::string(pointer) + pointer_to(key),
                          fmt::format("There is no member \"{}\" here; known are: x, y.", key)});
    }
    const auto read = [&](std::string_view name) {
        const auto value = share_of(object.if_contains(name));
        if (!value) {
            faults.push_back({std::string(pointer) + pointer_to(name),
                              fmt::format("\"{}\" is a number from 0 to 1.", name)});
        }
        return value.value_or(0);
    };
    const double x = read("x");
    const double y = read("y");
    if (!faults.empty()) return invalid(std::move(faults));
    return FocalPoint{x, y};
}

std::unexpected<Error> no_focal_point(std::string_view pointer) {
    return invalid({{std::string(pointer),
                     "A focal point is 0.3,0.6 or {\"x\": 0.3, \"y\": 0.6}: shares of the sides, from the "
                     "left and from the top, each from 0 to 1."}});
}

}  // namespace

Result<FocalPoint> parse_focal_point(std::string_view text, std::string_view pointer) {
    if (const auto pair = parse_pair(text)) return *pair;
    boost::system::error_code error;
    const json::value document = json::parse(text, error);
    if (error || !document.is_object()) return no_focal_point(pointer);
    return read_object(document.get_object(), pointer);
}

Result<ImagePatch> parse_image_patch(std::string_view text) {
    boost::system::error_code error;
    const json::value document = json::parse(text, error);
    if (error || !document.is_object())
        return invalid({{"", "The body is a JSON object with \"focal_point\"."}});
    ImagePatch patch;
    std::vector<Fault> faults;
    for (const auto& member : document.get_object()) {
        if (member.key() != "focal_point") {
            const std::string key = shown(member.key());
            faults.push_back(
                {pointer_to(key), fmt::format("\"{}\" cannot be changed; what can is: focal_point.", key)});
            continue;
        }
        patch.changes_focal_point = true;
        if (member.value().is_null()) continue;
        auto point = member.value().is_object() ? read_object(member.value().get_object(), "/focal_point")
                                                : Result<FocalPoint>(no_focal_point("/focal_point"));
        if (point) {
            patch.focal_point = *point;
        } else {
            faults.insert(faults.end(), point.error().faults.begin(), point.error().faults.end());
        }
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return patch;
}

}  // namespace safelight
